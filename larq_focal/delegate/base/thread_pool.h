#pragma once

#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <mutex>
#include <thread>
#include <vector>

namespace larq_focal {

// A few threads that wait for work between the operations of a network.
//
// Work is split into pieces that whoever is free takes, so that a thread which other programs keep from running delays
// no more than the piece that it holds.
class ThreadPool {
 public:
  ThreadPool() = default;
  ~ThreadPool() { resize(1); }
  ThreadPool(const ThreadPool&) = delete;
  ThreadPool& operator=(const ThreadPool&) = delete;

  // Sets how many threads work, that which calls included.
  void resize(int threads);

  // Splits [0, count) into pieces, runs call(begin, end) on each, and returns when all are done.
  template <typename Call>
  void parallel_for(int64_t count, const Call& call) {
    run_pieces(count, {&call, [](const void* call, int64_t begin, int64_t end) {
                         (*static_cast<const Call*>(call))(begin, end);
                       }});
  }

 private:
  // A call that is referred to: std::function would copy it, mostly into memory of its own.
  struct Work {
    const void* call;
    void (*run)(const void* call, int64_t begin, int64_t end);

    void operator()(int64_t begin, int64_t end) const { run(call, begin, end); }
  };

  void run_pieces(int64_t count, const Work& work);
  bool has_pieces() const { return pieces_left(tickets_.load(std::memory_order_acquire)) > 0; }
  static uint32_t pieces_left(uint64_t tickets) { return static_cast<uint32_t>(tickets); }
  bool run_piece();
  void serve();

  std::vector<std::thread> workers_;
  // Low half: pieces that nobody has taken yet. High half: a number of the call, so that no thread takes a piece of a
  // later call for one of an earlier. What follows changes only while there are no pieces to take or to finish.
  std::atomic<uint64_t> tickets_{0};
  Work work_{};
  int64_t count_ = 0;
  int64_t pieces_ = 0;
  std::atomic<int64_t> finished_{0};

  std::mutex mutex_;
  std::condition_variable wake_;
  std::atomic<bool> stopping_{false};
};

}  // namespace larq_focal
