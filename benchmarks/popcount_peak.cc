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

// Eight independent chains, so that nothing waits for a result.
#define EIGHT(LINE) LINE("0") LINE("1") LINE("2") LINE("3") LINE("4") LINE("5") LINE("6") LINE("7")

#if defined(__x86_64__)
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
#elif defined(__aarch64__)
#define XOR(i) "eor v" i ".16b, v30.16b, v31.16b\n"
#define COUNT(i) "cnt v" i ".16b, v" i ".16b\n"
#define ADD(i) "add v1" i ".16b, v1" i ".16b, v" i ".16b\n"
#define DOT(i) "udot v1" i ".4s, v" i ".16b, v29.16b\n"
#define VECTORS                                                                                                \
  "v0", "v1", "v2", "v3", "v4", "v5", "v6", "v7", "v10", "v11", "v12", "v13", "v14", "v15", "v16", "v17", "v29", \
      "v30", "v31"

void neon_loop() {
  for (int i = 0; i < kRounds; ++i) asm volatile(EIGHT(XOR) EIGHT(COUNT) EIGHT(ADD)::: VECTORS);
}

__attribute__((target("arch=armv8.2-a+dotprod"))) void neon_dot_loop() {
  for (int i = 0; i < kRounds; ++i) asm volatile(EIGHT(XOR) EIGHT(COUNT) EIGHT(DOT)::: VECTORS);
}
#endif

}  // namespace

#if defined(__x86_64__)
// Xor, popcount and add of 512 bits.
extern "C" double peak_avx512() { return best_rate(512.0 * 8 * kRounds, avx512_loop); }

// A table lookup for 32 times 4 bits, and an add.
extern "C" double peak_avx2() { return best_rate(128.0 * 8 * kRounds, avx2_loop); }
#elif defined(__aarch64__)
// Xor, population count and addition of 128 bits, in bytes or by a dot product.
extern "C" double peak_neon() { return best_rate(128.0 * 8 * kRounds, neon_loop); }
extern "C" double peak_neon_dot() { return best_rate(128.0 * 8 * kRounds, neon_dot_loop); }
#endif
