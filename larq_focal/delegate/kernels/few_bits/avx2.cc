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

}  // namespace
}  // namespace larq_focal

#include "../bodies/byte_dots.inc.h"
#include "../bodies/pair_tables.inc.h"

namespace larq_focal {

extern const FewBitKernel avx2_few_bits = {"avx2", &kDotLoop, &kTableLoop, &kPairLoop, {160, 96, 64, 256}};

}  // namespace larq_focal

LARQ_FOCAL_END_TARGET
#endif
