// Depthwise convolution of bytes: the taps of a window meet their weights in pairs, whose products sum to 16 bits.
//
// A byte of packed weights holds the codes of several taps of one channel. A call turns those of its block of channels
// to levels once, for all its positions, as long as the window is not very large.
//
// The file that includes this defines what bodies/byte_dots.inc.h asks for, and:
//   void join_taps(Bytes first, Bytes second, Bytes (&joined)[2])
//                        the weights of two taps as the next function takes them
//   void add_products(Bytes first, Bytes second, const Bytes (&weights)[2], Bytes (&sums)[2])
//                        adds the products of the image at two taps with joined weights to sums of 16 bits
//   void widen_sums(const Bytes (&sums)[2], WideInts (&wide)[4])
//                        these sums as 32 bits, in the order of their channels
#pragma once

#include "byte_dots.inc.h"

namespace larq_focal {
namespace {

constexpr int kBlockVectors = kWordBits > kVectorBytes ? kWordBits / kVectorBytes : 1;
constexpr int kDepthwiseBlock = kBlockVectors * kVectorBytes;
constexpr int kDepthwisePositions = 8;
constexpr int kMostPairs = 32;
constexpr int kUsualPairs = 5;  // of the nine taps of a 3x3 window

// Some taps of a block of channels. The partner of the last of an odd number has a weight of 0.
struct TapPairs {
  Bytes weights[kMostPairs][kBlockVectors][2];
  ptrdiff_t offsets[kMostPairs][2];  // from the place of an output
  int count;
};

// From the tap `first` on. `pairs` are those of all taps where they are known when this is compiled, else 0.
template <int bits, int pairs>
void unpack_taps(const ByteConvolution& conv, int channel, int first, TapPairs& taps) {
  constexpr int kShared = shared_steps(bits);
  const int bytes = (conv.window.runs + kShared - 1) / kShared, left = conv.window.runs - first;
  const uint8_t* packed = conv.weights + static_cast<ptrdiff_t>(channel) * bytes;
  const Bytes levels = load_table(reinterpret_cast<const uint8_t*>(conv.levels));
  taps.count = pairs ? pairs : left < 2 * kMostPairs ? (left + 1) / 2 : kMostPairs;
  for (int pair = 0; pair < taps.count; ++pair) {
    const bool is_whole = 2 * pair + 1 < left;
    for (int i = 0; i < 2; ++i) taps.offsets[pair][i] = conv.window.offsets[first + 2 * pair + (is_whole ? i : 0)];
    for (int v = 0; v < kBlockVectors; ++v) {
      const auto weights_of = [&](int tap) {
        const Bytes codes = load_bytes(packed + (v * bytes + tap / kShared) * kVectorBytes);
        return level_of(levels, codes_of<stored_bits(bits)>(codes, tap % kShared));
      };
      const int tap = first + 2 * pair;
      join_taps(weights_of(tap), is_whole ? weights_of(tap + 1) : Bytes{}, taps.weights[pair][v]);
    }
  }
}

// Adds sums of 16 bits to those of a vector of channels, or stores the first ones, and starts again from zero.
LARQ_FOCAL_INLINE void flush_pairs(Bytes (&sums)[2], bool is_first, int32_t* to) {
  WideInts wide[4];
  widen_sums(sums, wide);
#pragma GCC unroll 4
  for (int i = 0; i < 4; ++i) {
    if (!is_first) wide[i] += load_vector<WideInts>(to + i * kLanes);
    __builtin_memcpy(to + i * kLanes, &wide[i], sizeof(wide[i]));
  }
  sums[0] = sums[1] = Bytes{};
}

// The sums of a vector of channels at one position. Where `pairs` are known, their sums fit 16 bits; else those of `room`
// pairs do.
template <int pairs>
LARQ_FOCAL_INLINE void sum_pairs(const TapPairs& taps, const uint8_t* place, int vector, int room, bool is_first,
                                 int32_t* to) {
  const int count = pairs ? pairs : taps.count;
  Bytes sums[2] = {};
  int left = room;
#pragma GCC unroll 5
  for (int pair = 0; pair < count; ++pair) {
    if (!pairs && left-- == 0) {
      flush_pairs(sums, is_first, to);
      is_first = false;
      left = room - 1;
    }
    add_products(load_bytes(place + taps.offsets[pair][0]), load_bytes(place + taps.offsets[pair][1]),
                 taps.weights[pair][vector], sums);
  }
  flush_pairs(sums, is_first, to);
}

template <int bits, int pairs>
void convolve_taps(const ByteConvolution& conv, int channel, int begin, int end) {
  constexpr int kMostTaps = 2 * kMostPairs;
  const int room = kLargestShort / (2 * conv.largest_byte * conv.largest_level);
  const bool is_large = conv.window.runs > kMostTaps;
  alignas(64) int32_t tile[kDepthwisePositions * kDepthwiseBlock];
  TapPairs taps;
  if (!is_large) unpack_taps<bits, pairs>(conv, channel, 0, taps);
  PixelPlaces walk(conv, begin);
  while (begin < end) {
    const int positions = end - begin < kDepthwisePositions ? end - begin : kDepthwisePositions;
    const uint8_t* places[kDepthwisePositions];
    for (int p = 0; p < positions; ++p) places[p] = walk.next() + channel;
    for (int first = 0; first < conv.window.runs; first += kMostTaps) {
      if (is_large) unpack_taps<bits, pairs>(conv, channel, first, taps);
      for (int p = 0; p < positions; ++p) {
        for (int v = 0; v < kBlockVectors; ++v) {
          sum_pairs<pairs>(taps, places[p] + v * kVectorBytes, v, room, first == 0,
                           tile + p * kDepthwiseBlock + v * kVectorBytes);
        }
      }
    }
    store_sums<false>(conv, channel, kDepthwiseBlock, begin, positions, tile, kDepthwiseBlock);
    begin += positions;
  }
}

template <int bits>
void convolve_depthwise_bits(const ByteConvolution& conv, int channel, int begin, int end) {
  const bool is_usual = (conv.window.runs + 1) / 2 == kUsualPairs &&
                        2 * kUsualPairs * conv.largest_byte * conv.largest_level <= kLargestShort;
  if (is_usual) {
    convolve_taps<bits, kUsualPairs>(conv, channel, begin, end);
  } else {
    convolve_taps<bits, 0>(conv, channel, begin, end);
  }
}

void convolve_depthwise_bytes(const ByteConvolution& conv, int channel, int begin, int end) {
  switch (conv.bits) {
    case 1:
      return convolve_depthwise_bits<1>(conv, channel, begin, end);
    case 2:
      return convolve_depthwise_bits<2>(conv, channel, begin, end);
    default:
      return convolve_depthwise_bits<4>(conv, channel, begin, end);
  }
}

size_t depthwise_weight_bytes(const FewBitFilter& filter, int) {
  return static_cast<size_t>(shared_bytes(filter.taps, filter.bits)) * rounded_up(filter.channels, kDepthwiseBlock);
}

// To [vector of channels][byte that taps share][channel].
void pack_depthwise_codes(const FewBitFilter& filter, int, uint8_t* packed) {
  const int bits = stored_bits(filter.bits), shared = shared_steps(filter.bits);
  for (int first = 0; first < rounded_up(filter.channels, kDepthwiseBlock); first += kVectorBytes) {
    for (int from = 0; from < filter.taps; from += shared) {
      for (int c = first; c < first + kVectorBytes; ++c) {
        int byte = 0;
        for (int tap = from; tap < from + shared && tap < filter.taps && c < filter.channels; ++tap) {
          byte |= filter.code(c, tap, 0) << ((tap - from) * bits);
        }
        *packed++ = static_cast<uint8_t>(byte);
      }
    }
  }
}

constexpr FewBitLoop kDepthwiseLoop = {kDepthwiseBlock,     kDepthwisePositions,    kSignedBytes,
                                       false,               dense_pixel_bytes,      prepare_dense_bytes,
                                       depthwise_weight_bytes, pack_depthwise_codes, convolve_depthwise_bytes};

}  // namespace
}  // namespace larq_focal
