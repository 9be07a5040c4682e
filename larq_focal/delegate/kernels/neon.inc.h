// What the kernels for aarch64 share. Each byte of a vector counts bits of one output channel: 16 or 32 channels by
// four or two positions in registers.
//
// A word of the image is broadcast to the four lanes of a vector and meets the same word of four channels' weights,
// which lie side by side: xor, count and add per 128 binary products. So nothing is summed across lanes but the four
// bytes of a channel, once at the end.
//
// The file that includes this defines:
//   Counts                                   a vector of counts, zero when value-initialised
//   kCountsWords                             how many words it can count before it overflows
//   Counts with_bits(Counts, uint8x16_t)     the counts with the ones among these bits
//   uint32x4_t channel_counts(Counts)        their sums for each channel
#include <arm_neon.h>

#include "kernel.h"

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

}  // namespace
}  // namespace larq_focal

#include "floats.inc.h"

namespace larq_focal {
namespace {

constexpr int kVectorChannels = kVectorBytes / 4;
constexpr int kGroupVectors = 4;
constexpr int kGroup = kGroupVectors * kVectorChannels;  // channels whose weights lie side by side
constexpr int kGroups = 2;
constexpr int kBlock = kGroups * kGroup;
constexpr int kPositions = 4;

// To [group][word][channel of the group], with channels of zeros up to a whole block.
void pack_weights(const uint32_t* filter, int channels, int window_words, uint32_t* packed) {
  const int padded_channels = (channels + kBlock - 1) / kBlock * kBlock;
  for (int first = 0; first < padded_channels; first += kGroup) {
    for (int word = 0; word < window_words; ++word) {
      for (int c = first; c < first + kGroup; ++c) {
        *packed++ = c < channels ? filter[static_cast<size_t>(c) * window_words + word] : 0;
      }
    }
  }
}

// Adds what is counted to the popcounts of the tile, and starts again from zero.
template <int positions, int vectors>
inline void flush(Counts (&counts)[positions][vectors], bool is_first, Tile* tile) {
#pragma GCC unroll 8
  for (int p = 0; p < positions; ++p) {
    auto* popcounts = reinterpret_cast<uint32_t*>(tile[p].popcounts);
#pragma GCC unroll 8
    for (int v = 0; v < vectors; ++v) {
      uint32x4_t sums = channel_counts(counts[p][v]);
      if (!is_first) sums = vaddq_u32(sums, vld1q_u32(popcounts + v * kVectorChannels));
      vst1q_u32(popcounts + v * kVectorChannels, sums);
      counts[p][v] = Counts{};
    }
  }
}

template <int positions, int groups>
void count_bits(const Window& window, Places& walk, const uint32_t* weights, Tile* tile) {
  constexpr int kVectors = groups * kGroupVectors;
  const ptrdiff_t group_words = static_cast<ptrdiff_t>(window.words()) * kGroup;
  const uint32_t* places[positions];
  for (int p = 0; p < positions; ++p) places[p] = walk.next();
  Counts counts[positions][kVectors] = {};
  bool is_first = true;
  int room = kCountsWords;
  for (int run = 0; run < window.runs; ++run) {
    ptrdiff_t offset = window.offsets[run];
    for (int left = window.run_words; left > 0;) {
      const int words = left < room ? left : room;
      for (const ptrdiff_t end = offset + words; offset < end; ++offset, weights += kGroup) {
        uint32x4_t pixels[positions];
#pragma GCC unroll 8
        for (int p = 0; p < positions; ++p) pixels[p] = vld1q_dup_u32(places[p] + offset);
#pragma GCC unroll 8
        for (int v = 0; v < kVectors; ++v) {
          const uint32x4_t weight =
              vld1q_u32(weights + v / kGroupVectors * group_words + v % kGroupVectors * kVectorChannels);
#pragma GCC unroll 8
          for (int p = 0; p < positions; ++p) {
            counts[p][v] = with_bits(counts[p][v], vreinterpretq_u8_u32(veorq_u32(pixels[p], weight)));
          }
        }
      }
      left -= words;
      room -= words;
      if (room == 0) {
        flush(counts, is_first, tile);
        is_first = false;
        room = kCountsWords;
      }
    }
  }
  flush(counts, is_first, tile);
}

template <int groups>
void convolve_block(const Convolution& conv, int channel, int begin, int end) {
  constexpr int kMost = kPositions / groups;  // at once, so that all counts stay in registers
  const uint32_t* weights = conv.weights + static_cast<ptrdiff_t>(channel) * conv.window.words();
  Places walk(conv, begin);
  Tile tile[kMost];
  int position = begin;
  for (; position + kMost <= end; position += kMost) {
    count_bits<kMost, groups>(conv.window, walk, weights, tile);
    store_tile(conv, channel, groups * kGroup, position, kMost, tile);
  }
  for (; position < end; ++position) {
    count_bits<1, groups>(conv.window, walk, weights, tile);
    store_tile(conv, channel, groups * kGroup, position, 1, tile);
  }
}

void convolve(const Convolution& conv, int channel, int begin, int end) {
  if (conv.channels - channel > kGroup) {
    convolve_block<2>(conv, channel, begin, end);
  } else {
    convolve_block<1>(conv, channel, begin, end);
  }
}

}  // namespace
}  // namespace larq_focal
