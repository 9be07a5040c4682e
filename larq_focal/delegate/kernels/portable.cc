// Plain C++: 64 bits at a time, four output channels by two positions.
#include <cstring>

#include "kernel.h"
#include "vectors/portable.inc.h"

#include "bodies/depthwise.inc.h"
#include "bodies/floats.inc.h"

namespace larq_focal {
namespace {

constexpr int kChannels = 4;
constexpr int kPositions = 2;
constexpr int kBlock = kWordBits;  // channels per call, so that packed outputs come in whole words

bool is_supported() { return true; }

// The filter as it is, with channels of zeros up to a whole block.
void pack_weights(const uint32_t* filter, int channels, int window_words, uint32_t* packed) {
  size_t words = static_cast<size_t>(channels) * window_words;
  size_t blocks = (channels + kBlock - 1) / kBlock;
  std::memcpy(packed, filter, words * sizeof(uint32_t));
  std::memset(packed + words, 0, (blocks * kBlock * window_words - words) * sizeof(uint32_t));
}

inline int popcount(uint64_t bits) {
  bits -= bits >> 1 & 0x5555555555555555;
  bits = (bits & 0x3333333333333333) + (bits >> 2 & 0x3333333333333333);
  bits = (bits + (bits >> 4)) & 0x0f0f0f0f0f0f0f0f;
  return static_cast<int>(bits * 0x0101010101010101 >> 56);
}

template <typename Word>
inline uint64_t load(const uint32_t* words) {
  Word word;
  std::memcpy(&word, words, sizeof(word));
  return word;
}

template <typename Word, int positions>
inline void count_word(const uint32_t* const* places, ptrdiff_t offset, const uint32_t* weights, ptrdiff_t window_words,
                       int32_t (*counts)[kChannels]) {
  for (int c = 0; c < kChannels; ++c) {
    uint64_t weight = load<Word>(weights + c * window_words);
    for (int p = 0; p < positions; ++p) counts[p][c] += popcount(load<Word>(places[p] + offset) ^ weight);
  }
}

template <int positions>
void count_bits(const Window& window, const uint32_t* const* places, const uint32_t* weights, int first, Tile* tile) {
  int32_t counts[positions][kChannels] = {};
  ptrdiff_t window_words = window.words();
  for (int run = 0; run < window.runs; ++run) {
    ptrdiff_t offset = window.offsets[run];
    int word = 0;
    for (; word + 2 <= window.run_words; word += 2, offset += 2, weights += 2) {
      count_word<uint64_t, positions>(places, offset, weights, window_words, counts);
    }
    if (word < window.run_words) count_word<uint32_t, positions>(places, offset, weights++, window_words, counts);
  }
  for (int p = 0; p < positions; ++p) std::memcpy(tile[p].popcounts + first, counts[p], sizeof(counts[p]));
}

void convolve(const Convolution& conv, int channel, int begin, int end) {
  Places places(conv, begin);
  const ptrdiff_t window_words = conv.window.words();
  for (int position = begin; position < end; position += kPositions) {
    Tile tile[kPositions];
    int positions = end - position < kPositions ? end - position : kPositions;
    const uint32_t* place[kPositions];
    for (int p = 0; p < positions; ++p) place[p] = places.next();
    for (int c = 0; c < kBlock; c += kChannels) {
      const uint32_t* weights = conv.weights + (channel + c) * window_words;
      if (positions == kPositions) {
        count_bits<kPositions>(conv.window, place, weights, c, tile);
      } else {
        count_bits<1>(conv.window, place, weights, c, tile);
      }
    }
    store_tile(conv, channel, kBlock, position, positions, tile);
  }
}

}  // namespace

extern const Kernel portable_kernel = {"portable", is_supported, kBlock,   kPositions,  1,
                                       false,      pack_weights, convolve, pack_floats, sum_floats,
                                       quantize_floats, pack_bytes, convolve_depthwise, find_maxima};

}  // namespace larq_focal
