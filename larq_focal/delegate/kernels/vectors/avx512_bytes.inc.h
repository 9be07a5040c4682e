// Vectors of bytes of AVX-512: for bodies/sum_tables.inc.h and bodies/byte_dots.inc.h, which say what each function does.
#pragma once

#include "avx512.inc.h"

namespace larq_focal {
namespace {

// Instructions are masked where GCC 12 warns of a value that its own header leaves undefined without.
using Bytes = __m512i;

inline Bytes load_bytes(const uint8_t* from) { return _mm512_loadu_si512(from); }

inline Bytes load_table(const uint8_t* table) {
  return _mm512_maskz_broadcast_i32x4(0xffff, _mm_load_si128(reinterpret_cast<const __m128i*>(table)));
}

// Of 64 bytes by the lowest six bits of an index.
constexpr bool kLevelsRepeat = true;
inline Bytes level_of(Bytes table, Bytes codes) { return _mm512_maskz_permutexvar_epi8(~__mmask64{0}, codes, table); }

inline void add_looked_up(Bytes table, Bytes indices, Bytes& sums) {
  sums = _mm512_add_epi8(sums, _mm512_shuffle_epi8(table, indices));
  asm("" : "+v"(sums));  // add now: the compiler would gather the terms, and run out of registers
}

}  // namespace
}  // namespace larq_focal
