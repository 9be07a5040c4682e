// What a core can do at most: the inner loop of each kernel on registers alone, as binary multiply-accumulates per second.
#include <chrono>
#include <cstdint>

#if defined(__x86_64__)
#include <immintrin.h>
#endif

namespace {

constexpr int kRounds = 20000;
constexpr int kRepeats = 30;

template <typename Loop>
double best_rate(double macs, const Loop& loop) {
  double best = 0;
  for (int i = 0; i < kRepeats; ++i) {
    auto start = std::chrono::steady_clock::now();
    loop();
    double seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
    best = macs / seconds > best ? macs / seconds : best;
  }
  return best;
}

#if defined(__x86_64__)
// Eight independent chains, so that nothing waits for a result.
#define EIGHT(LINE) LINE("0") LINE("1") LINE("2") LINE("3") LINE("4") LINE("5") LINE("6") LINE("7")

#define XOR_POPCOUNT_ADD(i)                         \
  "vpxord %%zmm30, %%zmm31, %%zmm" i "\n"           \
  "vpopcntd %%zmm" i ", %%zmm" i "\n"               \
  "vpaddd %%zmm" i ", %%zmm1" i ", %%zmm1" i "\n"

#define SHUFFLE_ADD(i)                      \
  "vpshufb %%ymm14, %%ymm15, %%ymm8\n"      \
  "vpaddb %%ymm8, %%ymm" i ", %%ymm" i "\n"

__attribute__((target("avx512f"))) void avx512_loop() {
  for (int i = 0; i < kRounds; ++i) {
    asm volatile(EIGHT(XOR_POPCOUNT_ADD)::
                     : "xmm0", "xmm1", "xmm2", "xmm3", "xmm4", "xmm5", "xmm6", "xmm7", "xmm10", "xmm11", "xmm12",
                       "xmm13", "xmm14", "xmm15", "xmm16", "xmm17", "xmm30", "xmm31");
  }
}

__attribute__((target("avx2"))) void avx2_loop() {
  for (int i = 0; i < kRounds; ++i) {
    asm volatile(EIGHT(SHUFFLE_ADD)::
                     : "xmm0", "xmm1", "xmm2", "xmm3", "xmm4", "xmm5", "xmm6", "xmm7", "xmm8", "xmm14", "xmm15");
  }
}
#endif

}  // namespace

#if defined(__x86_64__)
// Xor, popcount and add of 512 bits.
extern "C" double peak_avx512() { return best_rate(512.0 * 8 * kRounds, avx512_loop); }

// A table lookup for 32 times 4 bits, and an add.
extern "C" double peak_avx2() { return best_rate(128.0 * 8 * kRounds, avx2_loop); }
#endif
