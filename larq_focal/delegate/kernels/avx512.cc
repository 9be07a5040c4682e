// AVX-512 with VPOPCNTDQ: each 32-bit lane counts for one output channel, 32 channels by 7 positions in registers.
//
// A word of the image is broadcast to 16 lanes and meets the same word of 16 channels' weights, which lie side by
// side: xor, popcount and add per 512 binary products.
#if defined(__x86_64__)
#include <immintrin.h>

#include "kernel.h"
#include "target.h"
#include "x86_processor.h"

LARQ_FOCAL_TARGET("avx512f,avx512bw,avx512dq,avx512vl,avx512vpopcntdq")
#if !defined(__clang__)
#pragma GCC target("prefer-vector-width=512")  // GCC's own default is half of it
#endif

namespace larq_focal {
namespace {

constexpr int kVectorBytes = 64;

template <typename Vector>
inline uint32_t below_zero(const Vector* values) {
  const __m512 zero = _mm512_setzero_ps();
  uint32_t low = _mm512_cmp_ps_mask(values[0], zero, _CMP_LT_OQ);
  uint32_t high = _mm512_cmp_ps_mask(values[1], zero, _CMP_LT_OQ);
  return low | high << 16;
}

inline uint32_t below(const int8_t* values, int8_t zero_point) {
  __m256i bytes = _mm256_loadu_si256(reinterpret_cast<const __m256i*>(values));
  return _mm256_cmplt_epi8_mask(bytes, _mm256_set1_epi8(zero_point));
}

inline uint32_t above(const int32_t* values, const int32_t* thresholds) {
  uint32_t low = _mm512_cmpgt_epi32_mask(_mm512_loadu_si512(values), _mm512_loadu_si512(thresholds));
  uint32_t high = _mm512_cmpgt_epi32_mask(_mm512_loadu_si512(values + 16), _mm512_loadu_si512(thresholds + 16));
  return low | high << 16;
}

}  // namespace
}  // namespace larq_focal

#include "floats.inc.h"

namespace larq_focal {
namespace {

constexpr int kVectors = 2;
constexpr int kBlock = kVectors * kLanes;
constexpr int kPositions = 7;  // ImageNet's 56, 28, 14 and 7 columns are multiples

bool is_supported() { return X86Processor().has_avx512; }

// To [block][word][channel of the block].
void pack_weights(const uint32_t* filter, int channels, int window_words, uint32_t* packed) {
  for (int block = 0; block < channels; block += kBlock) {
    for (int word = 0; word < window_words; ++word) {
      for (int c = block; c < block + kBlock; ++c) {
        *packed++ = c < channels ? filter[static_cast<size_t>(c) * window_words + word] : 0;
      }
    }
  }
}

template <int positions>
void count_bits(const Window& window, Places& walk, const uint32_t* weights, Tile* tile) {
  const uint32_t* places[positions];
  __m512i counts[positions][kVectors];
  for (int p = 0; p < positions; ++p) {
    places[p] = walk.next();
    for (int v = 0; v < kVectors; ++v) counts[p][v] = _mm512_setzero_si512();
  }
  for (int run = 0; run < window.runs; ++run) {
    ptrdiff_t offset = window.offsets[run];
    for (ptrdiff_t end = offset + window.run_words; offset < end; ++offset, weights += kBlock) {
      const __m512i low = _mm512_loadu_si512(weights);
      const __m512i high = _mm512_loadu_si512(weights + kLanes);
#pragma GCC unroll 8
      for (int p = 0; p < positions; ++p) {
        const __m512i word = _mm512_set1_epi32(static_cast<int>(places[p][offset]));
        counts[p][0] = _mm512_add_epi32(counts[p][0], _mm512_popcnt_epi32(_mm512_xor_si512(word, low)));
        counts[p][1] = _mm512_add_epi32(counts[p][1], _mm512_popcnt_epi32(_mm512_xor_si512(word, high)));
      }
    }
  }
  for (int p = 0; p < positions; ++p) {
    for (int v = 0; v < kVectors; ++v) _mm512_store_si512(tile[p].popcounts + v * kLanes, counts[p][v]);
  }
}

void convolve(const Convolution& conv, int channel, int begin, int end) {
  constexpr decltype(&count_bits<1>) kCountBits[] = {count_bits<1>, count_bits<2>, count_bits<3>, count_bits<4>,
                                                     count_bits<5>, count_bits<6>, count_bits<7>};
  static_assert(sizeof(kCountBits) / sizeof(kCountBits[0]) == kPositions, "one for each number of positions");
  const uint32_t* weights = conv.weights + static_cast<ptrdiff_t>(channel) * conv.window.words();
  Places walk(conv, begin);
  Tile tile[kPositions];
  for (int position = begin; position < end; position += kPositions) {
    int positions = end - position < kPositions ? end - position : kPositions;
    kCountBits[positions - 1](conv.window, walk, weights, tile);
    store_tile(conv, channel, kBlock, position, positions, tile);
  }
}

}  // namespace

extern const Kernel avx512_kernel = {"avx512",     is_supported, kBlock,      kPositions, 1,
                                     pack_weights, convolve,     pack_floats, sum_floats, pack_bytes};

}  // namespace larq_focal

LARQ_FOCAL_END_TARGET
#endif
