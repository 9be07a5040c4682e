// Packing of rows of fewer than 32 channels, several rows at a time: included by floats.inc.h.
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

// The same for other numbers of channels below 32: 32 rows at a time, whose bits lie in as many words as there are
// channels before they are divided.
template <typename Value, typename Signs>
inline size_t pack_row_blocks(const Value* values, size_t rows, int channels, const Signs& signs, uint32_t* words) {
  const uint32_t mask = low_bits(channels);
  uint32_t bits[kWordBits + 1] = {};
  size_t row = 0;
  for (; row + kWordBits <= rows; row += kWordBits, words += kWordBits) {
    for (int i = 0; i < channels; ++i, values += kWordBits) bits[i] = signs(values);
    for (int i = 0, bit = 0; i < kWordBits; ++i, bit += channels) {
      const uint64_t both = bits[bit / kWordBits] | uint64_t{bits[bit / kWordBits + 1]} << kWordBits;
      words[i] = static_cast<uint32_t>(both >> bit % kWordBits) & mask;
    }
  }
  return row;
}

// The rows that are packed; none where a row fills words.
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
      return channels < kWordBits ? pack_row_blocks(values, rows, channels, signs, words) : 0;
  }
}

inline uint32_t signs_of_floats(const float* values) {
  Floats floats[kWordVectors];
  for (int v = 0; v < kWordVectors; ++v) floats[v] = load_vector<Floats>(values + v * kLanes);
  return below_zero(floats);
}

}  // namespace
}  // namespace larq_focal
