// Convolution of bytes from 0 to 3 with weights of two bits by tables: each holds the 16 sums that two bytes of the image
// have with any two codes. So a lookup and an addition do two products for each byte of a vector.
#pragma once

#include "sum_tables.inc.h"

namespace larq_focal {
namespace {

constexpr int kPairBits = 2;
constexpr int kPairByte = 3;  // the largest

struct PairTables {
  alignas(kTableBytes) uint8_t sums[16][kTableBytes];  // [byte | next byte * 4][code | next code * 4]
};

constexpr PairTables make_pair_tables() {
  PairTables made{};
  for (int pair = 0; pair < 16; ++pair) {
    for (int codes = 0; codes < 16; ++codes) {
      made.sums[pair][codes] = static_cast<uint8_t>((pair & 3) * (codes & 3) + (pair >> 2) * (codes >> 2));
    }
  }
  return made;
}

constexpr PairTables kPairTables = make_pair_tables();

size_t pair_pixel_bytes(int channels, int) {
  return static_cast<size_t>(steps_of(channels)) * kPairBits * kTableBytes;
}

void prepare_pairs(const int8_t* pixels, size_t count, int channels, int shift, int, uint8_t* tables,
                   int32_t* totals) {
  const int padded = steps_of(channels) * kStepChannels;
  for (size_t i = 0; i < count; ++i, pixels += channels) {
    int32_t total = 0;
    for (int c = 0; c < padded; c += kPairBits, tables += kTableBytes) {
      const int byte = c < channels ? pixels[c] + shift : 0, next = c + 1 < channels ? pixels[c + 1] + shift : 0;
      total += byte + next;
      __builtin_memcpy(tables, kPairTables.sums[(byte & kPairByte) | (next & kPairByte) << 2], kTableBytes);
    }
    totals[i] = total;
  }
}

constexpr FewBitLoop kPairLoop = {
    kTableBlock,   kTablePositions,    false,        true,
    pair_pixel_bytes, prepare_pairs, table_weight_bytes, pack_indices, convolve_by_tables_of<kPairBits, 1>};

}  // namespace
}  // namespace larq_focal
