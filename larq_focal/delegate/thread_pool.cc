#include "thread_pool.h"

namespace larq_focal {
namespace {

// Binary layers take tens of microseconds: workers look for the next one that long before they sleep.
constexpr int kSpins = 4000;

inline void pause() {
#if defined(__x86_64__)
  __builtin_ia32_pause();
#elif defined(__aarch64__)
  asm volatile("yield");
#endif
}

template <typename Condition>
bool spin_until(const Condition& condition) {
  for (int i = 0; i < kSpins; ++i) {
    if (condition()) return true;
    pause();
  }
  return condition();
}

}  // namespace

ThreadPool::~ThreadPool() { resize(1); }

void ThreadPool::resize(int threads) {
  size_t workers = threads > 1 ? threads - 1 : 0;
  if (workers == workers_.size()) return;
  {
    std::lock_guard<std::mutex> lock(mutex_);
    stopping_ = true;
    ++generation_;
  }
  wake_.notify_all();
  for (std::thread& worker : workers_) worker.join();
  workers_.clear();
  stopping_ = false;
  for (size_t i = 0; i < workers; ++i) {
    workers_.emplace_back(&ThreadPool::wait_for_work, this, static_cast<int>(i) + 1, generation_.load());
  }
}

void ThreadPool::parallel_for(int64_t count, const std::function<void(int64_t, int64_t)>& work) {
  if (workers_.empty() || count < 2) {
    if (count > 0) work(0, count);
    return;
  }
  {
    std::lock_guard<std::mutex> lock(mutex_);
    work_ = &work;
    count_ = count;
    running_ = static_cast<int>(workers_.size());
    ++generation_;
  }
  wake_.notify_all();
  run_part(0);
  auto is_done = [this] { return running_.load(std::memory_order_acquire) == 0; };
  while (!spin_until(is_done)) std::this_thread::yield();
}

void ThreadPool::wait_for_work(int part, uint64_t generation) {
  auto has_work = [&] { return generation_.load(std::memory_order_acquire) != generation; };
  while (true) {
    if (!spin_until(has_work)) {
      std::unique_lock<std::mutex> lock(mutex_);
      wake_.wait(lock, has_work);
    }
    ++generation;
    if (stopping_) return;
    run_part(part);
    running_.fetch_sub(1, std::memory_order_release);
  }
}

void ThreadPool::run_part(int part) const {
  int64_t parts = static_cast<int64_t>(workers_.size()) + 1;
  int64_t begin = count_ * part / parts, end = count_ * (part + 1) / parts;
  if (begin < end) (*work_)(begin, end);
}

}  // namespace larq_focal
