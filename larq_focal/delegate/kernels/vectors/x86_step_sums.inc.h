// The sums of any of four bytes, for bodies/sum_tables.inc.h on x86 with AVX2 and more.
#pragma once

#include <immintrin.h>

#include <cstdint>

namespace larq_focal {
namespace {

constexpr int chosen(int index) { return (index & 1) | (index >> 1 & 1) << 8 | (index >> 2 & 1) << 16 | index >> 3 << 24; }

// In 16 lanes of 16 bits: products with 0 and 1 sum in pairs, and in pairs again.
inline __m256i step_sums(const int8_t* pixels, int shift) {
  int bytes;
  __builtin_memcpy(&bytes, pixels, sizeof(bytes));
  const __m256i image = _mm256_add_epi8(_mm256_set1_epi32(bytes), _mm256_set1_epi8(static_cast<char>(shift)));
  // The order in which vectors of 32 bits are packed to 16.
  const __m256i first = _mm256_setr_epi32(chosen(0), chosen(1), chosen(2), chosen(3), chosen(8), chosen(9), chosen(10), chosen(11));
  const __m256i second = _mm256_setr_epi32(chosen(4), chosen(5), chosen(6), chosen(7), chosen(12), chosen(13), chosen(14), chosen(15));
  const __m256i ones = _mm256_set1_epi16(1);
  return _mm256_packs_epi32(_mm256_madd_epi16(_mm256_maddubs_epi16(image, first), ones),
                            _mm256_madd_epi16(_mm256_maddubs_epi16(image, second), ones));
}

}  // namespace
}  // namespace larq_focal
