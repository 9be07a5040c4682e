// Vectors of AVX2: for bodies/output.inc.h and bodies/lookup.inc.h, which say what each function does.
#pragma once

#include <immintrin.h>

#include <cstdint>

namespace larq_focal {
namespace {

constexpr int kVectorBytes = 32;

template <typename Vector>
inline uint32_t below_zero(const Vector* values) {
  uint32_t bits = 0;
#pragma GCC unroll 4
  for (int i = 0; i < 4; ++i) {
    __m256 is_below = _mm256_cmp_ps(values[i], _mm256_setzero_ps(), _CMP_LT_OQ);
    bits |= static_cast<uint32_t>(_mm256_movemask_ps(is_below)) << 8 * i;
  }
  return bits;
}

inline uint32_t below(const int8_t* values, int8_t zero_point) {
  __m256i bytes = _mm256_loadu_si256(reinterpret_cast<const __m256i*>(values));
  return static_cast<uint32_t>(_mm256_movemask_epi8(_mm256_cmpgt_epi8(_mm256_set1_epi8(zero_point), bytes)));
}

inline uint32_t above(const int32_t* values, const int32_t* thresholds) {
  uint32_t bits = 0;
  for (int i = 0; i < 32; i += 8) {
    __m256i is_above = _mm256_cmpgt_epi32(_mm256_loadu_si256(reinterpret_cast<const __m256i*>(values + i)),
                                          _mm256_loadu_si256(reinterpret_cast<const __m256i*>(thresholds + i)));
    bits |= static_cast<uint32_t>(_mm256_movemask_ps(_mm256_castsi256_ps(is_above))) << i;
  }
  return bits;
}

template <typename Vector>
inline void store_narrow(const Vector* values, int8_t* bytes) {
  const auto* from = reinterpret_cast<const __m256i*>(values);
  const __m256i low = _mm256_packs_epi32(from[0], from[1]), high = _mm256_packs_epi32(from[2], from[3]);
  const __m256i order = _mm256_setr_epi32(0, 4, 1, 5, 2, 6, 3, 7);
  const __m256i packed = _mm256_permutevar8x32_epi32(_mm256_packs_epi16(low, high), order);
  _mm256_storeu_si256(reinterpret_cast<__m256i*>(bytes), packed);
}

using Bytes = __m256i;

inline Bytes load_bytes(const uint8_t* from) { return _mm256_loadu_si256(reinterpret_cast<const __m256i*>(from)); }

inline Bytes load_table(const uint8_t* table) {
  return _mm256_broadcastsi128_si256(_mm_load_si128(reinterpret_cast<const __m128i*>(table)));
}

inline void add_looked_up(Bytes table, Bytes indices, Bytes& counts) {
  counts = _mm256_add_epi8(counts, _mm256_shuffle_epi8(table, indices));
  asm("" : "+x"(counts));  // add now: the compiler would gather the terms, and run out of registers
}

inline void store_counts(Bytes counts, bool is_first, uint16_t* sums) {
  auto* to = reinterpret_cast<__m256i*>(sums);
  __m256i low = _mm256_cvtepu8_epi16(_mm256_castsi256_si128(counts));
  __m256i high = _mm256_cvtepu8_epi16(_mm256_extracti128_si256(counts, 1));
  if (!is_first) {
    low = _mm256_add_epi16(low, _mm256_load_si256(to));
    high = _mm256_add_epi16(high, _mm256_load_si256(to + 1));
  }
  _mm256_store_si256(to, low);
  _mm256_store_si256(to + 1, high);
}

}  // namespace
}  // namespace larq_focal
