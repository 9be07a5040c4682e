#pragma once

#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <functional>
#include <mutex>
#include <thread>
#include <vector>

namespace larq_focal {

// A few threads that wait for work between the operations of a network.
class ThreadPool {
 public:
  ThreadPool() = default;
  ~ThreadPool();
  ThreadPool(const ThreadPool&) = delete;
  ThreadPool& operator=(const ThreadPool&) = delete;

  // Sets how many threads work, that which calls included.
  void resize(int threads);

  // Splits [0, count) into one even part per thread and runs work(begin, end) on each; returns when all are done.
  void parallel_for(int64_t count, const std::function<void(int64_t begin, int64_t end)>& work);

 private:
  void wait_for_work(int part, uint64_t generation);
  void run_part(int part) const;

  std::vector<std::thread> workers_;
  const std::function<void(int64_t, int64_t)>* work_ = nullptr;
  int64_t count_ = 0;
  bool stopping_ = false;
  std::atomic<uint64_t> generation_{0};  // grows with each call of parallel_for
  std::atomic<int> running_{0};
  std::mutex mutex_;
  std::condition_variable wake_;
};

}  // namespace larq_focal
