#include "thread_pool.h"

#include <algorithm>

namespace larq_focal {
namespace {

// Binary layers take tens of microseconds: workers look for the next one that long before they sleep.
constexpr int kSpins = 4000;
constexpr int64_t kPiecesPerThread = 4;

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

void ThreadPool::resize(int threads) {
  size_t workers = threads > 1 ? threads - 1 : 0;
  if (workers == workers_.size()) return;
  {
    std::lock_guard<std::mutex> lock(mutex_);
    stopping_ = true;
  }
  wake_.notify_all();
  for (std::thread& worker : workers_) worker.join();
  workers_.clear();
  stopping_ = false;
  for (size_t i = 0; i < workers; ++i) workers_.emplace_back(&ThreadPool::serve, this);
}

void ThreadPool::run_pieces(int64_t count, const Work& work) {
  if (workers_.empty() || count < 2) {
    if (count > 0) work(0, count);
    return;
  }
  work_ = work;
  count_ = count;
  pieces_ = std::min<int64_t>(count, kPiecesPerThread * (static_cast<int64_t>(workers_.size()) + 1));
  finished_ = 0;
  const uint64_t call = (tickets_.load(std::memory_order_relaxed) >> 32) + 1;
  {
    std::lock_guard<std::mutex> lock(mutex_);
    tickets_.store(call << 32 | static_cast<uint64_t>(pieces_), std::memory_order_release);
  }
  wake_.notify_all();
  while (run_piece()) {
  }
  auto is_done = [this] { return finished_.load(std::memory_order_acquire) == pieces_; };
  while (!spin_until(is_done)) std::this_thread::yield();
}

// Takes a piece and runs it; false if there is none.
bool ThreadPool::run_piece() {
  uint64_t tickets = tickets_.load(std::memory_order_acquire);
  do {
    if (pieces_left(tickets) == 0) return false;
  } while (!tickets_.compare_exchange_weak(tickets, tickets - 1, std::memory_order_acq_rel));
  const int64_t piece = pieces_ - pieces_left(tickets);
  work_(count_ * piece / pieces_, count_ * (piece + 1) / pieces_);
  finished_.fetch_add(1, std::memory_order_release);
  return true;
}

void ThreadPool::serve() {
  auto is_called = [this] { return has_pieces() || stopping_; };
  while (!stopping_) {
    if (run_piece() || spin_until(is_called)) continue;
    std::unique_lock<std::mutex> lock(mutex_);
    wake_.wait(lock, is_called);
  }
}

}  // namespace larq_focal
