// Convolution for vectors that count bits: xor, count and add. Each lane counts for one output channel.
//
// A word of the image is broadcast to the lanes of a vector and meets the same word of as many channels' weights, which
// lie side by side. So nothing is summed across lanes but what a channel has in several, once at the end.
//
// The file that includes this defines what bodies/output.inc.h asks for, and:
//   kGroupVectors, kGroups, kPositions               vectors of channels whose weights lie side by side, how many times
//   as
//                                                    many make a block, and positions of a tile of one group
//   Words load_words(const uint32_t*)                a vector of words
//   Words broadcast_word(const uint32_t*)            one word in all lanes
//   Counts                                           a vector of counts, zero when value-initialised
//   kCountsWords                                     how many words it can count before it overflows; INT_MAX: all
//   Counts with_differing(Counts, Words, Words)      the counts with the bits that differ
//   store_counts(Counts, is_first, int32_t*)         stores the counts of each channel, or adds them to what is there
#pragma once

#include <climits>

#include "floats.inc.h"

namespace larq_focal {
namespace {

constexpr int kGroup = kGroupVectors * kLanes;
constexpr int kWeightWords = 1;

// To [group][word][channel of the group], with channels of zeros up to a whole block.
void pack_weights(const uint32_t* filter, int channels, int window_words, uint32_t* packed) {
  constexpr int kPadded = kGroups * kGroup;
  const int padded_channels = (channels + kPadded - 1) / kPadded * kPadded;
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
#pragma GCC unroll 8
    for (int v = 0; v < vectors; ++v) {
      store_counts(counts[p][v], is_first, tile[p].popcounts + v * kLanes);
      counts[p][v] = Counts{};
    }
  }
}

// Counts the words of a window in [offset, end).
template <int positions, int groups>
inline void count_words(const uint32_t* const (&places)[positions], ptrdiff_t offset, ptrdiff_t end,
                        const uint32_t*& weights, ptrdiff_t group_words,
                        Counts (&counts)[positions][groups * kGroupVectors]) {
  for (; offset < end; ++offset, weights += kGroup) {
    Words pixels[positions];
#pragma GCC unroll 8
    for (int p = 0; p < positions; ++p) pixels[p] = broadcast_word(places[p] + offset);
#pragma GCC unroll 8
    for (int v = 0; v < groups * kGroupVectors; ++v) {
      const Words weight = load_words(weights + v / kGroupVectors * group_words + v % kGroupVectors * kLanes);
#pragma GCC unroll 8
      for (int p = 0; p < positions; ++p) counts[p][v] = with_differing(counts[p][v], pixels[p], weight);
    }
  }
}

template <int positions, int groups>
void count_bits(const Window& window, Places& walk, const uint32_t* weights, Tile* tile) {
  const ptrdiff_t group_words = static_cast<ptrdiff_t>(window.words()) * kGroup;
  const uint32_t* places[positions];
  for (int p = 0; p < positions; ++p) places[p] = walk.next();
  Counts counts[positions][groups * kGroupVectors] = {};
  bool is_first = true;
  int room = kCountsWords;
  for (int run = 0; run < window.runs; ++run) {
    ptrdiff_t offset = window.offsets[run];
    if constexpr (kCountsWords == INT_MAX) {
      count_words<positions, groups>(places, offset, offset + window.run_words, weights, group_words, counts);
      continue;
    }
    for (int left = window.run_words; left > 0;) {
      const int words = left < room ? left : room;
      count_words<positions, groups>(places, offset, offset + words, weights, group_words, counts);
      offset += words;
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

}  // namespace
}  // namespace larq_focal

#include "tiles.inc.h"
