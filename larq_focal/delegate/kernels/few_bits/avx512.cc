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

inline void join_taps(Bytes first, Bytes second, Bytes (&joined)[2]) {
  joined[0] = _mm512_unpacklo_epi8(first, second);
  joined[1] = _mm512_unpackhi_epi8(first, second);
}

inline void add_products(Bytes first, Bytes second, const Bytes (&weights)[2], Bytes (&sums)[2]) {
  Bytes pixels[2];
  join_taps(first, second, pixels);
  for (int half = 0; half < 2; ++half) {
    sums[half] = _mm512_add_epi16(sums[half], _mm512_maddubs_epi16(pixels[half], weights[half]));
  }
}

inline void widen_sums(const Bytes (&sums)[2], WideInts (&wide)[4]) {
  const Bytes lanes[2] = {_mm512_setr_epi64(0, 1, 8, 9, 2, 3, 10, 11), _mm512_setr_epi64(4, 5, 12, 13, 6, 7, 14, 15)};
  for (int i = 0; i < 2; ++i) {
    const Bytes shorts = _mm512_permutex2var_epi64(sums[0], lanes[i], sums[1]);
    const __m256i halves[2] = {_mm512_maskz_extracti64x4_epi64(0xff, shorts, 0),
                               _mm512_maskz_extracti64x4_epi64(0xff, shorts, 1)};
    for (int half = 0; half < 2; ++half) {
      wide[2 * i + half] = reinterpret_cast<WideInts>(_mm512_maskz_cvtepi16_epi32(0xffff, halves[half]));
    }
  }
}

}  // namespace
}  // namespace larq_focal

#include "../bodies/byte_dots.inc.h"
#include "../bodies/byte_depthwise.inc.h"
#include "../bodies/sum_tables.inc.h"

namespace larq_focal {

extern const FewBitKernel avx512_few_bits = {
    "avx512", &kDotLoop, &kDepthwiseLoop, &kTableLoop, nullptr, {0, 640, 64, 0}};

}  // namespace larq_focal

LARQ_FOCAL_END_TARGET
#endif
