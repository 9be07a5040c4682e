// Convolution with weights of one bit by tables: each byte of a vector sums for one output channel.
//
// A table holds the 16 sums of any of four bytes of the image; four bits of the weights choose one of them. So a lookup
// and an addition do four products for each byte of a vector. Sums of bytes of more than 4 bits need two tables, for
// their low and their high bits. Bytes of sums join 16-bit ones before they overflow, and these 32-bit ones.
//
// The file that includes this defines what bodies/output.inc.h asks for, and:
//   kTableGroups, kTablePositions            vectors of channels and positions of a tile
//   Bytes, load_bytes, load_table, add_looked_up   as for bodies/lookup.inc.h
//   step_sums(const int8_t*, shift)                a vector of 16 lanes of 16 bits: the sums of any of four bytes, to
//                                                  each of which the shift is added, modulo 256; bit j of a lane's
//                                                  number tells whether byte j is part of its sum
#pragma once

#include <array>
#include <utility>

#include "few_bits_output.inc.h"

namespace larq_focal {
namespace {

constexpr int kTableBytes = 16;
constexpr int kTableBlock = kTableGroups * kVectorBytes;
constexpr int kLowBits = 5;  // of a sum, in the first of two tables; the second has the others, five too
constexpr int kNarrowByte = 15;

// Tables that a lookup has.
constexpr int parts_of(int largest_byte) { return largest_byte > kNarrowByte ? 2 : 1; }

// What a step adds at most, steps whose sums fit a byte, and how often these fit into 16 bits.
constexpr int largest_step(int largest_byte, int bits) { return kStepChannels * largest_byte * ((1 << bits) - 1); }
constexpr int byte_steps(int largest_byte, int bits) {
  return largest_byte > kNarrowByte ? 8 : 255 / largest_step(largest_byte, bits);
}
constexpr int short_sums(int largest_byte, int bits) {
  return 65535 / (byte_steps(largest_byte, bits) * largest_step(largest_byte, bits));
}

typedef uint16_t Shorts __attribute__((vector_size(kVectorBytes)));
typedef uint32_t Words32 __attribute__((vector_size(kVectorBytes)));

// The sums of a group of channels at a position: of the even and the odd bytes of a vector, and in 32 bits those of
// every fourth byte.
struct TableSums {
  Shorts even, odd;
};

template <int parts>
inline void add_bytes(const Bytes (&bytes)[parts], bool is_first, TableSums& sums) {
  Shorts even = load_vector<Shorts>(&bytes[0]) & 0xff, odd = load_vector<Shorts>(&bytes[0]) >> 8;
  if (parts == 2) {
    const Shorts high = load_vector<Shorts>(&bytes[parts - 1]);
    even += (high & 0xff) << kLowBits;
    odd += (high >> 8) << kLowBits;
  }
  sums.even = is_first ? even : sums.even + even;
  sums.odd = is_first ? odd : sums.odd + odd;
}

inline void add_shorts(const TableSums& sums, bool is_first, int32_t* to) {
  const Shorts* halves[] = {&sums.even, &sums.odd};
#pragma GCC unroll 4
  for (int b = 0; b < 4; ++b) {
    const Words32 words = load_vector<Words32>(halves[b % 2]);
    Words32 sum = b < 2 ? words & 0xffff : words >> 16;
    if (!is_first) sum += load_vector<Words32>(to + b * kLanes);
    __builtin_memcpy(to + b * kLanes, &sum, sizeof(sum));
  }
}

// The channel whose sums byte `lane` of a vector has: add_shorts brings them into their order.
constexpr int channel_of_lane(int lane) { return lane % 4 * kLanes + lane / 4; }

// By codes of so many bits: an index holds four of one bit, or two of two, so that a step takes `bits` lookups.
template <int bits, int parts, int positions, int groups>
void look_up_sums(const ByteConvolution& conv, PixelPlaces& walk, const uint8_t* weights, ptrdiff_t group_bytes,
                  int32_t* tile) {
  const uint8_t* places[positions];
  for (int p = 0; p < positions; ++p) places[p] = walk.next();
  TableSums sums[positions][groups];
  constexpr int kStepBytes = bits * parts * kTableBytes;
  const int most_bytes = byte_steps(conv.largest_byte, bits), most_shorts = short_sums(conv.largest_byte, bits);
  int shorts = 0;          // additions to the 16-bit sums since they were flushed
  bool is_first = true;    // whether they have not been flushed yet
  int run = 0, step = 0;   // where the walk through the window stands
  const int run_steps = conv.window.run_words;
  while (run < conv.window.runs) {
    Bytes found[positions][groups][parts] = {};
    for (int room = most_bytes; room > 0 && run < conv.window.runs;) {
      const int left = run_steps - step, steps = left < room ? left : room;
      ptrdiff_t offset = conv.window.offsets[run] + static_cast<ptrdiff_t>(step) * kStepBytes;
      for (int i = 0; i < steps * bits; ++i, offset += parts * kTableBytes, weights += kVectorBytes) {
        Bytes indices[groups];
#pragma GCC unroll 4
        for (int g = 0; g < groups; ++g) indices[g] = load_bytes(weights + g * group_bytes);
#pragma GCC unroll 16
        for (int p = 0; p < positions; ++p) {
#pragma GCC unroll 2
          for (int part = 0; part < parts; ++part) {
            const Bytes table = load_table(places[p] + offset + part * kTableBytes);
#pragma GCC unroll 4
            for (int g = 0; g < groups; ++g) add_looked_up(table, indices[g], found[p][g][part]);
          }
        }
      }
      room -= steps;
      step += steps;
      if (step == run_steps) {
        step = 0;
        ++run;
      }
    }
#pragma GCC unroll 16
    for (int p = 0; p < positions; ++p) {
#pragma GCC unroll 4
      for (int g = 0; g < groups; ++g) add_bytes<parts>(found[p][g], shorts == 0, sums[p][g]);
    }
    if (++shorts == most_shorts || run == conv.window.runs) {
      for (int p = 0; p < positions; ++p) {
        for (int g = 0; g < groups; ++g) add_shorts(sums[p][g], is_first, tile + p * kTableBlock + g * kVectorBytes);
      }
      shorts = 0;
      is_first = false;
    }
  }
}

template <int bits, int parts, int groups, int... positions>
constexpr auto look_ups_of(std::integer_sequence<int, positions...>) {
  return std::array{&look_up_sums<bits, parts, positions + 1, groups>...};
}

template <int bits, int parts, int groups>
void convolve_groups_by_tables(const ByteConvolution& conv, int channel, int begin, int end) {
  constexpr int kMost = kTablePositions * kTableGroups / groups * 2 / parts;
  constexpr auto kSums = look_ups_of<bits, parts, groups>(std::make_integer_sequence<int, kMost>());
  const ptrdiff_t group_bytes =
      static_cast<ptrdiff_t>(conv.window.runs) * conv.window.run_words * bits * kVectorBytes;
  alignas(64) int32_t tile[kMost * kTableBlock];
  PixelPlaces walk(conv, begin);
  for (int tiles = (end - begin + kMost - 1) / kMost; tiles > 0; --tiles) {
    const int positions = (end - begin + tiles - 1) / tiles;  // as even as can be
    kSums[positions - 1](conv, walk, conv.weights + channel / kVectorBytes * group_bytes, group_bytes, tile);
    store_sums<true>(conv, channel, groups * kVectorBytes, begin, positions, tile, kTableBlock);
    begin += positions;
  }
}

template <int bits, int parts>
void convolve_by_tables_of(const ByteConvolution& conv, int channel, int begin, int end) {
  if (conv.channels - channel > kVectorBytes) {
    convolve_groups_by_tables<bits, parts, kTableGroups>(conv, channel, begin, end);
  } else {
    convolve_groups_by_tables<bits, parts, 1>(conv, channel, begin, end);
  }
}

void convolve_by_tables(const ByteConvolution& conv, int channel, int begin, int end) {
  if (parts_of(conv.largest_byte) == 2) {
    convolve_by_tables_of<1, 2>(conv, channel, begin, end);
  } else {
    convolve_by_tables_of<1, 1>(conv, channel, begin, end);
  }
}

size_t table_pixel_bytes(int channels, int largest_byte) {
  return static_cast<size_t>(steps_of(channels)) * parts_of(largest_byte) * kTableBytes;
}

typedef uint16_t StepSums __attribute__((vector_size(2 * kTableBytes)));

template <int parts>
LARQ_FOCAL_INLINE int32_t store_tables(const int8_t* pixels, int shift, uint8_t* tables) {
  typedef uint8_t Table __attribute__((vector_size(kTableBytes)));
  const auto found = step_sums(pixels, shift);
  const StepSums sums = load_vector<StepSums>(&found);
  const StepSums low = parts == 2 ? sums & uint16_t{(1 << kLowBits) - 1} : sums;
  const Table low_table = __builtin_convertvector(low, Table);
  __builtin_memcpy(tables, &low_table, kTableBytes);
  if (parts == 2) {
    const Table high_table = __builtin_convertvector(sums >> kLowBits, Table);
    __builtin_memcpy(tables + kTableBytes, &high_table, kTableBytes);
  }
  return sums[kTableBytes - 1];  // of all four
}

template <int parts>
void make_tables(const int8_t* pixels, size_t count, int channels, int shift, uint8_t* tables, int32_t* totals) {
  for (size_t i = 0; i < count; ++i, pixels += channels) {
    int32_t total = 0;
    int c = 0;
    for (; c + kStepChannels <= channels; c += kStepChannels, tables += parts * kTableBytes) {
      total += store_tables<parts>(pixels + c, shift, tables);
    }
    if (c < channels) {
      int8_t rest[kStepChannels];  // and zeros
      for (int j = 0; j < kStepChannels; ++j) rest[j] = static_cast<int8_t>(c + j < channels ? pixels[c + j] : -shift);
      total += store_tables<parts>(rest, shift, tables);
      tables += parts * kTableBytes;
    }
    totals[i] = total;
  }
}

void prepare_tables(const int8_t* pixels, size_t count, int channels, int shift, int largest_byte, uint8_t* prepared,
                    int32_t* totals) {
  const auto make = parts_of(largest_byte) == 2 ? &make_tables<2> : &make_tables<1>;
  make(pixels, count, channels, shift, prepared, totals);
}

size_t table_weight_bytes(const FewBitFilter& filter, int) {
  const size_t steps = static_cast<size_t>(filter.taps) * steps_of(filter.channels_in);
  return steps * filter.bits * rounded_up(filter.channels, kTableBlock);
}

// To [group][step][lookup][channel of the group], a byte for each.
void pack_indices(const FewBitFilter& filter, int, uint8_t* packed) {
  const int index_codes = kStepChannels / filter.bits, padded = steps_of(filter.channels_in) * kStepChannels;
  for (int first = 0; first < rounded_up(filter.channels, kTableBlock); first += kVectorBytes) {
    for (int tap = 0; tap < filter.taps; ++tap) {
      for (int from = 0; from < padded; from += index_codes) {
        for (int lane = 0; lane < kVectorBytes; ++lane) {
          const int c = first + channel_of_lane(lane);
          int index = 0;
          for (int j = 0; j < index_codes; ++j) {
            const bool is_weight = c < filter.channels && from + j < filter.channels_in;
            if (is_weight) index |= filter.code(c, tap, from + j) << (j * filter.bits);
          }
          *packed++ = static_cast<uint8_t>(index);
        }
      }
    }
  }
}

constexpr FewBitLoop kTableLoop = {kTableBlock,   kTablePositions,    false,        true,              table_pixel_bytes,
                                   prepare_tables, table_weight_bytes, pack_indices, convolve_by_tables};

}  // namespace
}  // namespace larq_focal
