// Packing of rows of 1, 2, 4, 8 or 16 channels, several rows at a time: included by floats.inc.h.
#pragma once

#include "output.inc.h"

namespace larq_focal {
namespace {

// Packs as many whole blocks of 32 values as there are; returns how many rows that are. `signs(values)` are the bits of
// 32 values.
template <int channels, typename Value, typename Signs>
inline size_t pack_blocks(const Value* values, size_t rows, const Signs& signs, uint32_t* words) {
  constexpr int kRows = kWordBits / channels;
  size_t row = 0;
  for (; row + kRows <= rows; row += kRows, values += kWordBits, words += kRows) {
    const uint32_t bits = signs(values);
    for (int i = 0; i < kRows; ++i) words[i] = bits >> i * channels & ((uint32_t{1} << channels) - 1);
  }
  return row;
}

// The rows that are packed; none where the channels are of another number.
template <typename Value, typename Signs>
inline size_t pack_few_channels(const Value* values, size_t rows, int channels, const Signs& signs, uint32_t* words) {
  switch (channels) {
    case 1:
      return pack_blocks<1>(values, rows, signs, words);
    case 2:
      return pack_blocks<2>(values, rows, signs, words);
    case 4:
      return pack_blocks<4>(values, rows, signs, words);
    case 8:
      return pack_blocks<8>(values, rows, signs, words);
    case 16:
      return pack_blocks<16>(values, rows, signs, words);
    default:
      return 0;
  }
}

inline uint32_t signs_of_floats(const float* values) {
  Floats floats[kWordVectors];
  for (int v = 0; v < kWordVectors; ++v) floats[v] = load_vector<Floats>(values + v * kLanes);
  return below_zero(floats);
}

}  // namespace
}  // namespace larq_focal
