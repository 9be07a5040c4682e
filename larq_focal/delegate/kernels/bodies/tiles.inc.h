// The walk over a block of channels in tiles of a few positions, whose counts stay in registers: included by the bodies
// that count bits.
//
// The file that includes this defines:
//   kGroup, kGroups     channels that a body counts together, and how many times as many make a block
//   kPositions          positions in a tile of one group
//   kWeightWords        words of packed weights for each word of the filter
//   pack_weights        as in Kernel
//   count_bits<positions, groups>(window, walk, weights, tile)
//                       the popcounts of a tile at the next positions of the walk
#pragma once

#include <array>
#include <utility>

#include "depthwise.inc.h"
#include "floats.inc.h"

namespace larq_focal {
namespace {

constexpr int kBlock = kGroups * kGroup;

template <int groups, int... positions>
constexpr auto count_bits_of(std::integer_sequence<int, positions...>) {
  return std::array{&count_bits<positions + 1, groups>...};
}

template <int groups>
void convolve_groups(const Convolution& conv, int channel, int begin, int end) {
  constexpr int kMost = kPositions / groups;
  constexpr auto kCountBits = count_bits_of<groups>(std::make_integer_sequence<int, kMost>());
  const uint32_t* weights = conv.weights + static_cast<ptrdiff_t>(channel) * conv.window.words() * kWeightWords;
  Places walk(conv, begin);
  Tile tile[kMost];
  for (int tiles = (end - begin + kMost - 1) / kMost; tiles > 0; --tiles) {
    const int positions = (end - begin + tiles - 1) / tiles;  // as even as can be
    kCountBits[positions - 1](conv.window, walk, weights, tile);
    store_tile(conv, channel, groups * kGroup, begin, positions, tile);
    begin += positions;
  }
}

void convolve(const Convolution& conv, int channel, int begin, int end) {
  if (conv.channels - channel > kGroup) {
    convolve_groups<kGroups>(conv, channel, begin, end);
  } else {
    convolve_groups<1>(conv, channel, begin, end);
  }
}

constexpr Kernel make_kernel(const char* name, bool (*is_supported)()) {
  return {name,         is_supported, kBlock,      kPositions, kWeightWords, false,
          pack_weights, convolve,     pack_floats, sum_floats, quantize_floats, pack_bytes, convolve_depthwise, find_maxima};
}

}  // namespace
}  // namespace larq_focal
