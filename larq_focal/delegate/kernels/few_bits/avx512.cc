// AVX-512 with VNNI and VBMI: products of four bytes sum to 32 bits in one instruction; another looks up 64 bytes.
#if defined(__x86_64__)
#include "../few_bits.h"
#include "../target.h"

LARQ_FOCAL_TARGET("avx512f,avx512bw,avx512dq,avx512vl,avx512vbmi,avx512vnni")
#if !defined(__clang__)
#pragma GCC target("prefer-vector-width=512")  // GCC's own default is half of it
#endif

#include "../vectors/avx512_bytes.inc.h"
#include "../vectors/x86_step_sums.inc.h"

namespace larq_focal {
namespace {

constexpr int kDotVectors = 4;
constexpr int kDotPositions = 6;
constexpr int kTableGroups = 2;
constexpr int kTablePositions = 6;

constexpr bool kSignedBytes = false;
constexpr bool kShortDots = false;
using Dots = __m512i;

inline Bytes broadcast_step(const uint8_t* from) {
  int word;
  __builtin_memcpy(&word, from, sizeof(word));
  return _mm512_set1_epi32(word);
}

inline Dots with_dots(Dots dots, Bytes pixels, Bytes weights) { return _mm512_dpbusd_epi32(dots, pixels, weights); }

typedef int32_t WideInts __attribute__((vector_size(kVectorBytes)));

inline WideInts widened(Dots dots) { return reinterpret_cast<WideInts>(dots); }

}  // namespace
}  // namespace larq_focal

#include "../bodies/byte_dots.inc.h"
#include "../bodies/sum_tables.inc.h"

namespace larq_focal {

extern const FewBitKernel avx512_few_bits = {"avx512", &kDotLoop, &kTableLoop, nullptr, {0, 640, 64, 0}};

}  // namespace larq_focal

LARQ_FOCAL_END_TARGET
#endif
