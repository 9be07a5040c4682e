// AVX2: products of bytes sum in pairs to 16 bits; a shuffle looks up 32 tables of 16 bytes at once.
#if defined(__x86_64__)
#include "../few_bits.h"
#include "../target.h"

LARQ_FOCAL_TARGET("avx2")

#include "../vectors/avx2.inc.h"
#include "../vectors/x86_step_sums.inc.h"

namespace larq_focal {
namespace {

constexpr int kDotVectors = 2;
constexpr int kDotPositions = 5;
constexpr int kTableGroups = 2;
constexpr int kTablePositions = 3;

constexpr bool kSignedBytes = false;
constexpr bool kShortDots = true;
using Dots = __m256i;

constexpr bool kLevelsRepeat = false;
inline Bytes level_of(Bytes table, Bytes codes) { return _mm256_shuffle_epi8(table, codes); }

inline Bytes broadcast_step(const uint8_t* from) {
  int word;
  __builtin_memcpy(&word, from, sizeof(word));
  return _mm256_set1_epi32(word);
}

inline Dots with_dots(Dots dots, Bytes pixels, Bytes weights) {
  return _mm256_add_epi16(dots, _mm256_maddubs_epi16(pixels, weights));
}

typedef int32_t WideInts __attribute__((vector_size(kVectorBytes)));

inline WideInts widened(Dots dots) {
  return reinterpret_cast<WideInts>(_mm256_madd_epi16(dots, _mm256_set1_epi16(1)));
}

inline void join_taps(Bytes first, Bytes second, Bytes (&joined)[2]) {
  joined[0] = _mm256_unpacklo_epi8(first, second);
  joined[1] = _mm256_unpackhi_epi8(first, second);
}

inline void add_products(Bytes first, Bytes second, const Bytes (&weights)[2], Bytes (&sums)[2]) {
  Bytes pixels[2];
  join_taps(first, second, pixels);
  for (int half = 0; half < 2; ++half) sums[half] = with_dots(sums[half], pixels[half], weights[half]);
}

inline void widen_sums(const Bytes (&sums)[2], WideInts (&wide)[4]) {
  for (int lane = 0; lane < 2; ++lane) {
    for (int half = 0; half < 2; ++half) {
      const __m128i shorts = lane ? _mm256_extracti128_si256(sums[half], 1) : _mm256_castsi256_si128(sums[half]);
      wide[2 * lane + half] = reinterpret_cast<WideInts>(_mm256_cvtepi16_epi32(shorts));
    }
  }
}

}  // namespace
}  // namespace larq_focal

#include "../bodies/byte_dots.inc.h"
#include "../bodies/byte_depthwise.inc.h"
#include "../bodies/pair_tables.inc.h"

namespace larq_focal {

extern const FewBitKernel avx2_few_bits = {
    "avx2", &kDotLoop, &kDepthwiseLoop, &kTableLoop, &kPairLoop, {160, 96, 64, 256}};

}  // namespace larq_focal

LARQ_FOCAL_END_TARGET
#endif
