// Vectors of bytes of AVX-512: for bodies/sum_tables.inc.h and bodies/byte_dots.inc.h, which say what each function does.
#pragma once

#include "avx512.inc.h"

namespace larq_focal {
namespace {

using Bytes = __m512i;

inline Bytes load_bytes(const uint8_t* from) { return _mm512_loadu_si512(from); }

inline Bytes load_table(const uint8_t* table) {
  // Masked, as GCC 12 warns of a value without one that its own header leaves undefined.
  return _mm512_maskz_broadcast_i32x4(0xffff, _mm_load_si128(reinterpret_cast<const __m128i*>(table)));
}

inline Bytes looked_up(Bytes table, Bytes indices) { return _mm512_shuffle_epi8(table, indices); }

inline void add_looked_up(Bytes table, Bytes indices, Bytes& sums) {
  sums = _mm512_add_epi8(sums, looked_up(table, indices));
  asm("" : "+v"(sums));  // add now: the compiler would gather the terms, and run out of registers
}

}  // namespace
}  // namespace larq_focal
