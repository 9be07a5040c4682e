// Convolution by dot products of four bytes: each 32-bit lane of a vector sums for one output channel.
//
// Four bytes of the image are broadcast to all lanes and meet the weights of as many channels, which a shuffle looks up
// in the levels by their codes. A byte of packed weights holds the codes of several steps, so that weights take no more
// memory than in the file (those of 3 bits as much as those of 4).
//
// The file that includes this defines what bodies/output.inc.h asks for, and:
//   kDotVectors, kDotPositions               vectors of channels and positions of a tile; with fewer vectors twice as
//                                            many positions
//   kSignedBytes                             whether bytes of the image are signed
//   Bytes, load_bytes, load_table            as for bodies/lookup.inc.h
//   Bytes level_of(Bytes table, Bytes)       looks up codes in a table of levels
//   kLevelsRepeat                            whether tables of levels are looked up in by their lowest bits alone; else
//                                            indices are 0 to 15
//   Bytes broadcast_step(const uint8_t*)     four bytes in all lanes
//   Dots                                     a vector of sums, zero when value-initialised
//   kShortDots                               whether these are of 16 bits, two to a lane
//   Dots with_dots(Dots, Bytes, Bytes)       the sums with the products of image and weights
//   Integers widened(Dots)                   as 32 bits, one to a lane
#pragma once

#include <array>
#include <utility>

#include "few_bits_output.inc.h"
#include "pixel_bytes.inc.h"

namespace larq_focal {
namespace {

constexpr int kDotBlock = kWordBits > kDotVectors * kLanes ? kWordBits : kDotVectors * kLanes;
constexpr int kLargestShort = 32767;

// Bits of a code in packed weights, and steps whose codes share a byte.
constexpr int stored_bits(int bits) { return bits == 3 ? 4 : bits; }
constexpr int shared_steps(int bits) { return 8 / stored_bits(bits); }

template <int bits>
inline Bytes codes_of(Bytes packed, int step) {
  typedef uint16_t Shorts __attribute__((vector_size(kVectorBytes)));
  constexpr int kMask = (1 << bits) - 1;
  Shorts codes = load_vector<Shorts>(&packed) >> (step * bits);
  if (!kLevelsRepeat) codes &= static_cast<uint16_t>(kMask * 0x0101);
  return load_vector<Bytes>(&codes);
}

// Adds the sums to those of the tile, or stores the first ones, and starts again from zero.
template <int positions, int vectors>
LARQ_FOCAL_INLINE void flush(Dots (&dots)[positions][vectors], bool is_first, int32_t* tile) {
#pragma GCC unroll 16
  for (int p = 0; p < positions; ++p) {
#pragma GCC unroll 8
    for (int v = 0; v < vectors; ++v) {
      int32_t* to = tile + p * kDotBlock + v * kLanes;
      Integers sum = widened(dots[p][v]);
      if (!is_first) sum += load_vector<Integers>(to);
      __builtin_memcpy(to, &sum, sizeof(sum));
      dots[p][v] = Dots{};
    }
  }
}

template <int bits, int positions, int vectors>
LARQ_FOCAL_INLINE void sum_step(const uint8_t* const (&places)[positions], ptrdiff_t offset, int step,
                                const Bytes (&packed)[vectors], Bytes levels, Dots (&dots)[positions][vectors]) {
  Bytes weight[vectors];
#pragma GCC unroll 8
  for (int v = 0; v < vectors; ++v) weight[v] = level_of(levels, codes_of<stored_bits(bits)>(packed[v], step));
#pragma GCC unroll 16
  for (int p = 0; p < positions; ++p) {
    const Bytes pixels = broadcast_step(places[p] + offset + step * kStepChannels);
#pragma GCC unroll 8
    for (int v = 0; v < vectors; ++v) dots[p][v] = with_dots(dots[p][v], pixels, weight[v]);
  }
}

// Sums up to so many of the steps whose weights share a byte. Their numbers are constants, for shifts by these.
template <int bits, int positions, int vectors, int... numbers>
LARQ_FOCAL_INLINE void sum_steps(const uint8_t* const (&places)[positions], ptrdiff_t offset, int steps,
                                 const uint8_t* weights, Bytes levels, Dots (&dots)[positions][vectors],
                                 std::integer_sequence<int, numbers...>) {
  Bytes packed[vectors];
#pragma GCC unroll 8
  for (int v = 0; v < vectors; ++v) packed[v] = load_bytes(weights + v * kVectorBytes);
  (void)((numbers < steps && (sum_step<bits>(places, offset, numbers, packed, levels, dots), true)) && ...);
}

template <int bits, int vectors, int positions>
void sum_products(const ByteConvolution& conv, PixelPlaces& walk, const uint8_t* weights, int32_t* tile) {
  constexpr int kShared = shared_steps(bits);
  const uint8_t* places[positions];
  for (int p = 0; p < positions; ++p) places[p] = walk.next();
  const Bytes levels = load_table(reinterpret_cast<const uint8_t*>(conv.levels));
  Dots dots[positions][vectors] = {};
  // How often sums of 16 bits take in what shares a byte.
  const int most = kLargestShort / (2 * conv.largest_byte * conv.largest_level * kShared);
  int room = most;
  bool is_first = true;
  for (int run = 0; run < conv.window.runs; ++run) {
    ptrdiff_t offset = conv.window.offsets[run];
    for (int left = conv.window.run_words; left > 0; left -= kShared) {
      if (kShortDots && room-- == 0) {
        flush(dots, is_first, tile);
        is_first = false;
        room = most - 1;
      }
      sum_steps<bits>(places, offset, left, weights, levels, dots, std::make_integer_sequence<int, kShared>());
      offset += kShared * kStepChannels;
      weights += kDotVectors * kVectorBytes;
    }
  }
  flush(dots, is_first, tile);
}

template <int bits, int vectors, int... positions>
constexpr auto sums_of(std::integer_sequence<int, positions...>) {
  return std::array{&sum_products<bits, vectors, positions + 1>...};
}

int shared_bytes(int steps, int bits) { return (steps + shared_steps(bits) - 1) / shared_steps(bits); }

size_t dot_weight_bytes(const FewBitFilter& filter, int run_taps) {
  const size_t runs = filter.taps / run_taps;
  const int shared = shared_bytes(run_taps * steps_of(filter.channels_in), filter.bits);
  return runs * shared * kStepChannels * rounded_up(filter.channels, kDotBlock);
}

// To [vectors of channels][run][shared byte][channel][input channel of the step].
void pack_codes(const FewBitFilter& filter, int run_taps, uint8_t* packed) {
  const int bits = stored_bits(filter.bits), tap_steps = steps_of(filter.channels_in);
  const int shared = shared_steps(filter.bits), steps = run_taps * tap_steps;
  constexpr int kTileChannels = kDotVectors * kLanes;
  for (int first = 0; first < rounded_up(filter.channels, kDotBlock); first += kTileChannels) {
    for (int run = 0; run < filter.taps / run_taps; ++run) {
      for (int from = 0; from < steps; from += shared) {
        for (int c = first; c < first + kTileChannels; ++c) {
          for (int part = 0; part < kStepChannels; ++part) {
            int byte = 0;
            for (int step = from; step < from + shared && step < steps; ++step) {
              const int tap = run * run_taps + step / tap_steps, in = step % tap_steps * kStepChannels + part;
              if (c < filter.channels && in < filter.channels_in) {
                byte |= filter.code(c, tap, in) << ((step - from) * bits);
              }
            }
            *packed++ = static_cast<uint8_t>(byte);
          }
        }
      }
    }
  }
}

// By so many vectors of channels at a time, of all that the weights of a tile are packed for.
template <int bits, int vectors>
void convolve_vectors(const ByteConvolution& conv, int channel, int begin, int end) {
  constexpr int kMost = vectors == kDotVectors ? kDotPositions : 2 * kDotPositions;
  constexpr auto kSums = sums_of<bits, vectors>(std::make_integer_sequence<int, kMost>());
  constexpr int kTileChannels = kDotVectors * kLanes;
  const size_t channel_bytes =
      static_cast<size_t>(conv.window.runs) * shared_bytes(conv.window.run_words, bits) * kStepChannels;
  alignas(64) int32_t tile[kMost * kDotBlock];
  PixelPlaces walk(conv, begin);
  for (int tiles = (end - begin + kMost - 1) / kMost; tiles > 0; --tiles) {
    const int positions = (end - begin + tiles - 1) / tiles;  // as even as can be
    const PixelPlaces start = walk;
    for (int c = 0; c < kDotBlock && channel + c < conv.channels; c += kTileChannels) {
      PixelPlaces again = start;
      kSums[positions - 1](conv, again, conv.weights + (channel + c) * channel_bytes, tile + c);
    }
    for (int p = 0; p < positions; ++p) walk.next();
    store_sums<false>(conv, channel, kDotBlock, begin, positions, tile, kDotBlock);
    begin += positions;
  }
}

template <int bits>
void convolve_dots(const ByteConvolution& conv, int channel, int begin, int end) {
  const int left = conv.channels - channel;
  if (kDotVectors > 1 && left <= kLanes) {
    convolve_vectors<bits, 1>(conv, channel, begin, end);
  } else if (kDotVectors > 2 && left <= 2 * kLanes) {
    convolve_vectors<bits, 2>(conv, channel, begin, end);
  } else {
    convolve_vectors<bits, kDotVectors>(conv, channel, begin, end);
  }
}

void convolve_by_dots(const ByteConvolution& conv, int channel, int begin, int end) {
  switch (conv.bits) {
    case 1:
      return convolve_dots<1>(conv, channel, begin, end);
    case 2:
      return convolve_dots<2>(conv, channel, begin, end);
    default:
      return convolve_dots<4>(conv, channel, begin, end);
  }
}

constexpr FewBitLoop kDotLoop = {kDotBlock,       kDotPositions,    kSignedBytes, false,           padded_pixel_bytes,
                                 prepare_bytes,   dot_weight_bytes, pack_codes,   convolve_by_dots};

}  // namespace
}  // namespace larq_focal
