// Vectors of NEON: for bodies/output.inc.h and bodies/counting.inc.h, which say what each function does. How the bits
// of a vector are counted, and in what, is for the kernels to say.
#pragma once

#include <arm_neon.h>

#include <cstdint>

namespace larq_focal {
namespace {

constexpr int kVectorBytes = 16;

// Bit i of the result is that of element i of two vectors, all of whose bits are equal.
inline uint32_t gathered(uint8x16_t low, uint8x16_t high) {
  const uint8x16_t bit = vreinterpretq_u8_u64(vdupq_n_u64(0x8040201008040201));
  uint8x16_t sums = vpaddq_u8(vandq_u8(low, bit), vandq_u8(high, bit));
  sums = vpaddq_u8(sums, sums);
  return vgetq_lane_u32(vreinterpretq_u32_u8(vpaddq_u8(sums, sums)), 0);
}

// The same of eight vectors of four elements, from a function that gives the vector of the elements from `i` on.
template <typename VectorOf>
inline uint32_t gathered_words(VectorOf vector_of) {
  uint8x16_t bytes[2];
  for (int half = 0; half < 2; ++half) {
    uint16x8_t pairs[2];
    for (int i = 0; i < 2; ++i) {
      const int first = 16 * half + 8 * i;
      pairs[i] = vcombine_u16(vmovn_u32(vector_of(first)), vmovn_u32(vector_of(first + 4)));
    }
    bytes[half] = vcombine_u8(vmovn_u16(pairs[0]), vmovn_u16(pairs[1]));
  }
  return gathered(bytes[0], bytes[1]);
}

template <typename Vector>
inline uint32_t below_zero(const Vector* values) {
  return gathered_words([=](int i) { return vcltzq_f32(values[i / 4]); });
}

inline uint32_t below(const int8_t* values, int8_t zero_point) {
  const int8x16_t zero = vdupq_n_s8(zero_point);
  return gathered(vcltq_s8(vld1q_s8(values), zero), vcltq_s8(vld1q_s8(values + 16), zero));
}

inline uint32_t above(const int32_t* values, const int32_t* thresholds) {
  return gathered_words([=](int i) { return vcgtq_s32(vld1q_s32(values + i), vld1q_s32(thresholds + i)); });
}

template <typename Vector>
inline void store_narrow(const Vector* values, int8_t* bytes) {
  const auto* from = reinterpret_cast<const int32x4_t*>(values);
  for (int i = 0; i < 8; i += 4) {
    const int16x8_t low = vcombine_s16(vmovn_s32(from[i]), vmovn_s32(from[i + 1]));
    const int16x8_t high = vcombine_s16(vmovn_s32(from[i + 2]), vmovn_s32(from[i + 3]));
    vst1q_s8(bytes + 4 * i, vcombine_s8(vmovn_s16(low), vmovn_s16(high)));
  }
}

using Words = uint32x4_t;

inline Words load_words(const uint32_t* from) { return vld1q_u32(from); }

inline Words broadcast_word(const uint32_t* from) { return vld1q_dup_u32(from); }

inline uint8x16_t differing_counts(Words image, Words weights) {
  return vcntq_u8(vreinterpretq_u8_u32(veorq_u32(image, weights)));
}

inline void store_sums(uint32x4_t sums, bool is_first, int32_t* popcounts) {
  auto* to = reinterpret_cast<uint32_t*>(popcounts);
  if (!is_first) sums = vaddq_u32(sums, vld1q_u32(to));
  vst1q_u32(to, sums);
}

}  // namespace
}  // namespace larq_focal
