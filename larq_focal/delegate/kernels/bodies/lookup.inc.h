// Convolution for vectors that cannot count bits, but look up bytes in tables of 16: as many channels as a vector has
// bytes, by four bits each.
//
// Four bits of the image choose a table, which holds the popcount of their xor with each four bits of weights; the
// weights are the indices. So a lookup and an add do 4 binary products for each byte of a vector. Counts are bytes for
// up to seven words (224 bits), then join 16-bit sums.
//
// The file that includes this defines what bodies/output.inc.h asks for, and:
//   kGroups, kPositions                         vectors of channels in a block, and positions of a tile of one vector
//   Bytes load_bytes(const uint8_t*)            a vector of bytes, zero when value-initialised
//   Bytes load_table(const uint8_t*)            an aligned table, as often as lookups in a vector need it
//   add_looked_up(Bytes, Bytes, Bytes&)         looks up indices in a table, and adds what it finds to counts
//   store_counts(Bytes, is_first, uint16_t*)    stores counts as 16-bit sums, which are aligned, or adds them to those
#pragma once

#include "floats.inc.h"

namespace larq_focal {
namespace {

constexpr int kGroup = kVectorBytes;
constexpr int kWordHalves = 8;     // of its bytes
constexpr int kWeightWords = 2;    // each byte holds four bits, so that it can be an index as it is
constexpr int kByteWords = 7;      // words of 32 bits whose count fits a byte
constexpr int kShortWords = 2044;  // a multiple of kByteWords whose count fits 16 bits

// The popcounts of (bits ^ index), for the low and for the high four bits of a byte.
struct Tables {
  alignas(32) uint8_t counts[256][2][16];
};

constexpr Tables make_tables() {
  Tables made{};
  for (int byte = 0; byte < 256; ++byte) {
    for (int index = 0; index < 16; ++index) {
      made.counts[byte][0][index] = static_cast<uint8_t>(__builtin_popcount((byte ^ index) & 15));
      made.counts[byte][1][index] = static_cast<uint8_t>(__builtin_popcount(byte >> 4 ^ index));
    }
  }
  return made;
}

constexpr Tables kTables = make_tables();

// To [group][word][four bits of the word][channel of the group], a byte for each, with channels of zeros up to a whole
// block.
void pack_weights(const uint32_t* filter, int channels, int window_words, uint32_t* packed) {
  constexpr int kPadded = kGroups * kGroup;
  auto* bytes = reinterpret_cast<uint8_t*>(packed);
  const int padded_channels = (channels + kPadded - 1) / kPadded * kPadded;
  for (int first = 0; first < padded_channels; first += kGroup) {
    for (int word = 0; word < window_words; ++word) {
      for (int bit = 0; bit < 32; bit += 4) {
        for (int c = first; c < first + kGroup; ++c) {
          uint32_t bits = c < channels ? filter[static_cast<size_t>(c) * window_words + word] : 0;
          *bytes++ = bits >> bit & 15;
        }
      }
    }
  }
}

// Where the walk through a window stands.
struct Cursor {
  const Window& window;
  int run = 0;
  int word = 0;

  ptrdiff_t next() {
    ptrdiff_t offset = window.offsets[run] + word;
    if (++word == window.run_words) {
      word = 0;
      ++run;
    }
    return offset;
  }
};

// Adds the popcounts of the next `words` words, up to kByteWords, to 16-bit sums; the first ones replace what is there.
template <int positions, int groups>
inline void count_bytes(Cursor& cursor, int words, const uint32_t* const* places, const uint8_t* weights,
                        ptrdiff_t group_bytes, bool is_first, uint16_t (*sums)[kGroups * kGroup]) {
  Bytes counts[positions][groups];
  for (int p = 0; p < positions; ++p) {
    for (int g = 0; g < groups; ++g) counts[p][g] = Bytes{};
  }
  for (int word = 0; word < words; ++word) {
    ptrdiff_t offset = cursor.next();
    for (int byte = 0; byte < 4; ++byte) {
      const uint8_t* tables[positions];
      for (int p = 0; p < positions; ++p) {
        tables[p] = kTables.counts[reinterpret_cast<const uint8_t*>(places[p] + offset)[byte]][0];
      }
#pragma GCC unroll 2
      for (int half = 0; half < 2; ++half, weights += kGroup) {
        Bytes indices[groups];
        for (int g = 0; g < groups; ++g) indices[g] = load_bytes(weights + g * group_bytes);
#pragma GCC unroll 16
        for (int p = 0; p < positions; ++p) {
          const Bytes table = load_table(tables[p] + 16 * half);
          for (int g = 0; g < groups; ++g) add_looked_up(table, indices[g], counts[p][g]);
        }
      }
    }
  }
  for (int p = 0; p < positions; ++p) {
    for (int g = 0; g < groups; ++g) store_counts(counts[p][g], is_first, sums[p] + g * kGroup);
  }
}

template <int positions, int groups>
void count_bits(const Window& window, Places& walk, const uint32_t* packed, Tile* tile) {
  const uint32_t* places[positions];
  for (int p = 0; p < positions; ++p) places[p] = walk.next();
  Cursor cursor{window};
  auto* weights = reinterpret_cast<const uint8_t*>(packed);
  const int window_words = window.words();
  const ptrdiff_t group_bytes = static_cast<ptrdiff_t>(window_words) * kWordHalves * kGroup;
  for (int first = 0; first < window_words; first += kShortWords) {
    alignas(64) uint16_t sums[positions][kGroups * kGroup];
    const int chunk = window_words - first < kShortWords ? window_words - first : kShortWords;
    const int pieces = (chunk + kByteWords - 1) / kByteWords;
    const int piece = (chunk + pieces - 1) / pieces;  // of even length, which branches predict best
    for (int word = 0; word < chunk; word += piece) {
      int words = chunk - word < piece ? chunk - word : piece;
      count_bytes<positions, groups>(cursor, words, places, weights, group_bytes, word == 0, sums);
      weights += words * kWordHalves * kGroup;
    }
    for (int p = 0; p < positions; ++p) {
      for (int c = 0; c < groups * kGroup; ++c) {
        tile[p].popcounts[c] = (first == 0 ? 0 : tile[p].popcounts[c]) + sums[p][c];
      }
    }
  }
}

}  // namespace
}  // namespace larq_focal

#include "tiles.inc.h"
