// AVX2 has no popcount, but a shuffle looks up 32 tables of 16 bytes at once: 32 output channels by 4 bits each.
//
// Four bits of the image choose a table, which holds the popcount of their xor with each four bits of weights; the
// weights of 32 channels are the indices. So a shuffle and an add do 128 binary products, where counting the bits
// of an xor takes eight instructions for 256. Counts are bytes for up to seven words (224 bits), then join 16-bit sums.
#if defined(__x86_64__)
#include <immintrin.h>

#include <array>
#include <utility>

#include "kernel.h"
#include "target.h"
#include "x86_processor.h"

LARQ_FOCAL_TARGET("avx2")

namespace larq_focal {
namespace {

constexpr int kVectorBytes = 32;

template <typename Vector>
inline uint32_t below_zero(const Vector* values) {
  uint32_t bits = 0;
#pragma GCC unroll 4
  for (int i = 0; i < 4; ++i) {
    __m256 is_below = _mm256_cmp_ps(values[i], _mm256_setzero_ps(), _CMP_LT_OQ);
    bits |= static_cast<uint32_t>(_mm256_movemask_ps(is_below)) << 8 * i;
  }
  return bits;
}

inline uint32_t below(const int8_t* values, int8_t zero_point) {
  __m256i bytes = _mm256_loadu_si256(reinterpret_cast<const __m256i*>(values));
  return static_cast<uint32_t>(_mm256_movemask_epi8(_mm256_cmpgt_epi8(_mm256_set1_epi8(zero_point), bytes)));
}

inline uint32_t above(const int32_t* values, const int32_t* thresholds) {
  uint32_t bits = 0;
  for (int i = 0; i < 32; i += 8) {
    __m256i is_above = _mm256_cmpgt_epi32(_mm256_loadu_si256(reinterpret_cast<const __m256i*>(values + i)),
                                          _mm256_loadu_si256(reinterpret_cast<const __m256i*>(thresholds + i)));
    bits |= static_cast<uint32_t>(_mm256_movemask_ps(_mm256_castsi256_ps(is_above))) << i;
  }
  return bits;
}

}  // namespace
}  // namespace larq_focal

#include "floats.inc.h"

namespace larq_focal {
namespace {

constexpr int kVectorChannels = 32;
constexpr int kVectors = 2;
constexpr int kBlock = kVectors * kVectorChannels;
constexpr int kPositions = 12;
constexpr int kWordHalves = 8;     // of its bytes
constexpr int kWeightWords = 2;    // each byte holds four bits, so that it can be an index as it is
constexpr int kByteWords = 7;      // words of 32 bits whose count fits a byte
constexpr int kShortWords = 2044;  // a multiple of kByteWords whose count fits 16 bits

bool is_supported() { return X86Processor().has_avx2; }

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

// To [32 channels][word][four bits of the word][channel], a byte for each, with channels of zeros up to a whole block.
void pack_weights(const uint32_t* filter, int channels, int window_words, uint32_t* packed) {
  auto* bytes = reinterpret_cast<uint8_t*>(packed);
  int padded_channels = (channels + kBlock - 1) / kBlock * kBlock;
  for (int first = 0; first < padded_channels; first += kVectorChannels) {
    for (int word = 0; word < window_words; ++word) {
      for (int bit = 0; bit < 32; bit += 4) {
        for (int c = first; c < first + kVectorChannels; ++c) {
          uint32_t bits = c < channels ? filter[static_cast<size_t>(c) * window_words + word] : 0;
          *bytes++ = bits >> bit & 15;
        }
      }
    }
  }
}

inline __m256i broadcast_table(const uint8_t* table) {
  return _mm256_broadcastsi128_si256(_mm_load_si128(reinterpret_cast<const __m128i*>(table)));
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
template <int positions, int vectors>
inline void count_bytes(Cursor& cursor, int words, const uint32_t* const* places, const uint8_t* weights,
                        ptrdiff_t vector_bytes, bool is_first, uint16_t (*sums)[kBlock]) {
  __m256i counts[positions][vectors];
  for (int p = 0; p < positions; ++p) {
    for (int v = 0; v < vectors; ++v) counts[p][v] = _mm256_setzero_si256();
  }
  for (int word = 0; word < words; ++word) {
    ptrdiff_t offset = cursor.next();
    for (int byte = 0; byte < 4; ++byte) {
      const uint8_t* tables[positions];
      for (int p = 0; p < positions; ++p) {
        tables[p] = kTables.counts[reinterpret_cast<const uint8_t*>(places[p] + offset)[byte]][0];
      }
#pragma GCC unroll 2
      for (int half = 0; half < 2; ++half, weights += kVectorChannels) {
        __m256i indices[vectors];
        for (int v = 0; v < vectors; ++v) {
          indices[v] = _mm256_loadu_si256(reinterpret_cast<const __m256i*>(weights + v * vector_bytes));
        }
#pragma GCC unroll 16
        for (int p = 0; p < positions; ++p) {
          const __m256i table = broadcast_table(tables[p] + 16 * half);
          for (int v = 0; v < vectors; ++v) {
            counts[p][v] = _mm256_add_epi8(counts[p][v], _mm256_shuffle_epi8(table, indices[v]));
            asm("" : "+x"(counts[p][v]));  // add now: the compiler would gather the terms, and run out of registers
          }
        }
      }
    }
  }
  for (int p = 0; p < positions; ++p) {
    for (int v = 0; v < vectors; ++v) {
      auto* sum = reinterpret_cast<__m256i*>(sums[p] + v * kVectorChannels);
      __m256i low = _mm256_cvtepu8_epi16(_mm256_castsi256_si128(counts[p][v]));
      __m256i high = _mm256_cvtepu8_epi16(_mm256_extracti128_si256(counts[p][v], 1));
      if (!is_first) {
        low = _mm256_add_epi16(low, _mm256_load_si256(sum));
        high = _mm256_add_epi16(high, _mm256_load_si256(sum + 1));
      }
      _mm256_store_si256(sum, low);
      _mm256_store_si256(sum + 1, high);
    }
  }
}

template <int positions, int vectors>
void count_bits(const Window& window, Places& walk, const uint8_t* weights, Tile* tile) {
  const uint32_t* places[positions];
  for (int p = 0; p < positions; ++p) places[p] = walk.next();
  Cursor cursor{window};
  const int window_words = window.words();
  const ptrdiff_t vector_bytes = static_cast<ptrdiff_t>(window_words) * kWordHalves * kVectorChannels;
  for (int first = 0; first < window_words; first += kShortWords) {
    alignas(32) uint16_t sums[positions][kBlock];
    const int chunk = window_words - first < kShortWords ? window_words - first : kShortWords;
    const int pieces = (chunk + kByteWords - 1) / kByteWords;
    const int piece = (chunk + pieces - 1) / pieces;  // of even length, which branches predict best
    for (int word = 0; word < chunk; word += piece) {
      int words = chunk - word < piece ? chunk - word : piece;
      count_bytes<positions, vectors>(cursor, words, places, weights, vector_bytes, word == 0, sums);
      weights += words * kWordHalves * kVectorChannels;
    }
    for (int p = 0; p < positions; ++p) {
      for (int c = 0; c < vectors * kVectorChannels; ++c) {
        tile[p].popcounts[c] = (first == 0 ? 0 : tile[p].popcounts[c]) + sums[p][c];
      }
    }
  }
}

template <int vectors, int... positions>
constexpr auto count_bits_of(std::integer_sequence<int, positions...>) {
  return std::array{&count_bits<positions + 1, vectors>...};
}

template <int vectors>
void convolve_block(const Convolution& conv, int channel, int begin, int end) {
  constexpr int kMost = kPositions / vectors;  // at once, so that all counts stay in registers
  constexpr auto kCountBits = count_bits_of<vectors>(std::make_integer_sequence<int, kMost>());
  const ptrdiff_t skipped_words = static_cast<ptrdiff_t>(channel) * conv.window.words() * kWeightWords;
  auto* weights = reinterpret_cast<const uint8_t*>(conv.weights + skipped_words);
  Places walk(conv, begin);
  Tile tile[kMost];
  for (int tiles = (end - begin + kMost - 1) / kMost; tiles > 0; --tiles) {
    const int positions = (end - begin + tiles - 1) / tiles;  // as even as can be
    kCountBits[positions - 1](conv.window, walk, weights, tile);
    store_tile(conv, channel, vectors * kVectorChannels, begin, positions, tile);
    begin += positions;
  }
}

void convolve(const Convolution& conv, int channel, int begin, int end) {
  if (conv.channels - channel > kVectorChannels) {
    convolve_block<2>(conv, channel, begin, end);
  } else {
    convolve_block<1>(conv, channel, begin, end);
  }
}

}  // namespace

extern const Kernel avx2_kernel = {"avx2",       is_supported, kBlock,      kPositions, kWeightWords,
                                   pack_weights, convolve,     pack_floats, sum_floats, pack_bytes};

}  // namespace larq_focal

LARQ_FOCAL_END_TARGET
#endif
