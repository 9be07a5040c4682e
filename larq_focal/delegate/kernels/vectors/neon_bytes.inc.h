// Vectors of bytes of NEON: for bodies/sum_tables.inc.h and bodies/byte_dots.inc.h, which say what each function does.
#pragma once

#include "neon.inc.h"

namespace larq_focal {
namespace {

constexpr bool kSignedBytes = true;
using Bytes = uint8x16_t;
typedef int32_t WideInts __attribute__((vector_size(kVectorBytes)));

inline Bytes load_bytes(const uint8_t* from) { return vld1q_u8(from); }

inline Bytes load_table(const uint8_t* table) { return vld1q_u8(table); }

constexpr bool kLevelsRepeat = false;
inline Bytes level_of(Bytes table, Bytes codes) { return vqtbl1q_u8(table, codes); }

inline void add_looked_up(Bytes table, Bytes indices, Bytes& sums) {
  sums = vaddq_u8(sums, vqtbl1q_u8(table, indices));
  asm("" : "+w"(sums));  // add now: the compiler would gather the terms, and run out of registers
}

typedef uint16_t StepLanes __attribute__((vector_size(32)));

inline StepLanes step_sums(const int8_t* pixels, int shift) {
  constexpr uint16_t m = 0xffff;
  constexpr StepLanes kHas[4] = {{0, m, 0, m, 0, m, 0, m, 0, m, 0, m, 0, m, 0, m},
                                 {0, 0, m, m, 0, 0, m, m, 0, 0, m, m, 0, 0, m, m},
                                 {0, 0, 0, 0, m, m, m, m, 0, 0, 0, 0, m, m, m, m},
                                 {0, 0, 0, 0, 0, 0, 0, 0, m, m, m, m, m, m, m, m}};
  StepLanes sums{};
  for (int j = 0; j < 4; ++j) sums += kHas[j] & static_cast<uint8_t>(pixels[j] + shift);
  return sums;
}

inline Bytes broadcast_step(const uint8_t* from) {
  uint32_t word;
  __builtin_memcpy(&word, from, sizeof(word));
  return vreinterpretq_u8_u32(vdupq_n_u32(word));
}

// Pairs of taps stay as they are: products are added to 16 bits one tap after the other.
inline void join_taps(Bytes first, Bytes second, Bytes (&joined)[2]) {
  joined[0] = first;
  joined[1] = second;
}

inline void add_products(Bytes first, Bytes second, const Bytes (&weights)[2], Bytes (&sums)[2]) {
  const int8x16_t pixels[2] = {vreinterpretq_s8_u8(first), vreinterpretq_s8_u8(second)};
  int16x8_t low = vreinterpretq_s16_u8(sums[0]), high = vreinterpretq_s16_u8(sums[1]);
  for (int tap = 0; tap < 2; ++tap) {
    const int8x16_t levels = vreinterpretq_s8_u8(weights[tap]);
    low = vmlal_s8(low, vget_low_s8(pixels[tap]), vget_low_s8(levels));
    high = vmlal_high_s8(high, pixels[tap], levels);
  }
  sums[0] = vreinterpretq_u8_s16(low);
  sums[1] = vreinterpretq_u8_s16(high);
}

inline void widen_sums(const Bytes (&sums)[2], WideInts (&wide)[4]) {
  for (int half = 0; half < 2; ++half) {
    const int16x8_t shorts = vreinterpretq_s16_u8(sums[half]);
    wide[2 * half] = reinterpret_cast<WideInts>(vmovl_s16(vget_low_s16(shorts)));
    wide[2 * half + 1] = reinterpret_cast<WideInts>(vmovl_high_s16(shorts));
  }
}

}  // namespace
}  // namespace larq_focal
