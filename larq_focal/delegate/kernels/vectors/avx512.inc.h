// Vectors of AVX-512 with VPOPCNTDQ: for bodies/output.inc.h and bodies/counting.inc.h, which say what each function
// does.
#pragma once

#include <immintrin.h>

#include <climits>
#include <cstdint>

namespace larq_focal {
namespace {

constexpr int kVectorBytes = 64;

template <typename Vector>
inline uint32_t below_zero(const Vector* values) {
  const __m512 zero = _mm512_setzero_ps();
  uint32_t low = _mm512_cmp_ps_mask(values[0], zero, _CMP_LT_OQ);
  uint32_t high = _mm512_cmp_ps_mask(values[1], zero, _CMP_LT_OQ);
  return low | high << 16;
}

inline uint32_t below(const int8_t* values, int8_t zero_point) {
  __m256i bytes = _mm256_loadu_si256(reinterpret_cast<const __m256i*>(values));
  return _mm256_cmplt_epi8_mask(bytes, _mm256_set1_epi8(zero_point));
}

inline uint32_t above(const int32_t* values, const int32_t* thresholds) {
  uint32_t low = _mm512_cmpgt_epi32_mask(_mm512_loadu_si512(values), _mm512_loadu_si512(thresholds));
  uint32_t high = _mm512_cmpgt_epi32_mask(_mm512_loadu_si512(values + 16), _mm512_loadu_si512(thresholds + 16));
  return low | high << 16;
}

template <typename Vector>
inline void store_narrow(const Vector* values, int8_t* bytes) {
  for (int i = 0; i < 2; ++i) {
    const __m128i narrow = _mm512_maskz_cvtepi32_epi8(0xffff, reinterpret_cast<__m512i>(values[i]));
    _mm_storeu_si128(reinterpret_cast<__m128i*>(bytes) + i, narrow);
  }
}

using Words = __m512i;
using Counts = __m512i;
constexpr int kCountsWords = INT_MAX;

inline Words load_words(const uint32_t* from) { return _mm512_loadu_si512(from); }

inline Words broadcast_word(const uint32_t* from) { return _mm512_set1_epi32(static_cast<int>(*from)); }

inline Counts with_differing(Counts counts, Words image, Words weights) {
  return _mm512_add_epi32(counts, _mm512_popcnt_epi32(_mm512_xor_si512(image, weights)));
}

inline void store_counts(Counts counts, bool is_first, int32_t* popcounts) {
  if (!is_first) counts = _mm512_add_epi32(counts, _mm512_load_si512(popcounts));
  _mm512_store_si512(popcounts, counts);
}

}  // namespace
}  // namespace larq_focal
