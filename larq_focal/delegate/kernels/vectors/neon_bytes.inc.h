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

}  // namespace
}  // namespace larq_focal
