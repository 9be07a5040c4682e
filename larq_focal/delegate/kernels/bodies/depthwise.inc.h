// Depthwise convolution and largest values of floats: included by each kernel file, through tiles.inc.h or by itself.
#pragma once

#include "../depthwise.h"
#include "floats.inc.h"

namespace larq_focal {
namespace {

// Outputs of a row, `words` times 32 of them, from the place `from` in the padded image on. Several words have the same
// channels. `size` is that of the filter where it is known when this is compiled, else 0.
template <int size, int words>
LARQ_FOCAL_INLINE void convolve_floats(const Depthwise& conv, const float* from, int phase,
                                       Floats (&outputs)[words][kWordVectors]) {
  const float* bias = conv.bias + phase;
  const float* weights = conv.weights + phase;
#pragma GCC unroll 4
  for (int word = 0; word < words; ++word) {
#pragma GCC unroll 8
    for (int v = 0; v < kWordVectors; ++v) outputs[word][v] = load_vector<Floats>(bias + v * kLanes);
  }
  const int rows = size ? size : conv.rows, columns = size ? size : conv.columns;
#pragma GCC unroll 3
  for (int y = 0; y < rows; ++y, from += conv.row_stride) {
    const float* tap = from;
#pragma GCC unroll 3
    for (int x = 0; x < columns; ++x, tap += conv.channels, weights += conv.period) {
#pragma GCC unroll 8
      for (int v = 0; v < kWordVectors; ++v) {
        const Floats weight = load_vector<Floats>(weights + v * kLanes);
#pragma GCC unroll 4
        for (int word = 0; word < words; ++word) {
          outputs[word][v] += load_vector<Floats>(tap + word * kWordBits + v * kLanes) * weight;
        }
      }
    }
  }
}

// Stores the first `count` of 32 outputs or their signs, and moves on.
LARQ_FOCAL_INLINE void store_outputs(const Floats (&outputs)[kWordVectors], int count, int channels, float*& floats,
                                     uint32_t*& words) {
  if (floats) {
    if (count == kWordBits) {
      store_floats<true>(outputs, count, floats);
    } else {
      store_floats<false>(outputs, count, floats);
    }
    floats += count;
  }
  if (!words) return;
  const uint32_t bits = below_zero(outputs);
  if (channels >= kWordBits) {
    *words++ = bits;
    return;
  }
  const uint32_t mask = low_bits(channels);
  for (int bit = 0; bit < count; bit += channels) *words++ = bits >> bit & mask;
}

// Computes a row from its output `i` on, several words at a time as long as so many are left; returns where it stopped.
template <int size, int words>
LARQ_FOCAL_INLINE int convolve_words(const Depthwise& conv, const float* row, int i, int row_floats, float*& floats,
                                     uint32_t*& packed) {
  for (int phase = 0; i + words * kWordBits <= row_floats; i += words * kWordBits) {
    Floats outputs[words][kWordVectors];
    convolve_floats<size, words>(conv, row + i, phase, outputs);
    phase = words > 1 || phase + kWordBits == conv.period ? 0 : phase + kWordBits;
#pragma GCC unroll 4
    for (int word = 0; word < words; ++word) {
      store_outputs(outputs[word], kWordBits, conv.channels, floats, packed);
    }
  }
  return i;
}

template <int size>
void convolve_rows(const Depthwise& conv, int begin, int end) {
  constexpr int kWords = 8 / kWordVectors;  // of which the outputs stay in registers
  const int row_floats = conv.output_width * conv.channels;
  const int row_words = conv.output_width * ((conv.channels + kWordBits - 1) / kWordBits);
  float* floats = conv.floats ? conv.floats + static_cast<ptrdiff_t>(begin) * row_floats : nullptr;
  uint32_t* words = conv.words ? conv.words + static_cast<ptrdiff_t>(begin) * row_words : nullptr;
  for (int y = begin; y < end; ++y) {
    const float* row = conv.image + y * conv.row_stride;
    int i = 0;
    if (conv.period == kWordBits) {
      i = convolve_words<size, kWords>(conv, row, i, row_floats, floats, words);
      if (kWords > 2) i = convolve_words<size, 2>(conv, row, i, row_floats, floats, words);
    }
    i = convolve_words<size, 1>(conv, row, i, row_floats, floats, words);
    if (i < row_floats) {
      Floats outputs[1][kWordVectors];
      convolve_floats<size, 1>(conv, row + i, 0, outputs);
      store_outputs(outputs[0], row_floats - i, conv.channels, floats, words);
    }
  }
}

// The rows [begin, end) of outputs.
void convolve_depthwise(const Depthwise& conv, int begin, int end) {
  if (conv.rows == 3 && conv.columns == 3) {
    convolve_rows<3>(conv, begin, end);
  } else {
    convolve_rows<0>(conv, begin, end);
  }
}

// The largest value of each channel among pixels that lie `row_stride` and `stride` floats apart.
void find_maxima(const float* image, ptrdiff_t row_stride, ptrdiff_t stride, int rows, int columns, int channels,
                 float* maxima) {
  for (int c = 0; c < channels; c += kWordBits) {
    const int count = channels - c < kWordBits ? channels - c : kWordBits;
    Floats most[kWordVectors], values[kWordVectors];
    for (int v = 0; v < kWordVectors; ++v) most[v] = Floats{} - __builtin_inff();
    for (int y = 0; y < rows; ++y) {
      for (int x = 0; x < columns; ++x) {
        const float* pixel = image + y * row_stride + x * stride + c;
        if (count == kWordBits) {
#pragma GCC unroll 8
          for (int v = 0; v < kWordVectors; ++v) values[v] = load_vector<Floats>(pixel + v * kLanes);
        } else {
          load_floats<false>(pixel, count, {}, 0, c, values);
        }
#pragma GCC unroll 8
        for (int v = 0; v < kWordVectors; ++v) most[v] = values[v] > most[v] ? values[v] : most[v];
      }
    }
    if (count == kWordBits) {
      store_floats<true>(most, count, maxima + c);
    } else {
      store_floats<false>(most, count, maxima + c);
    }
  }
}

}  // namespace
}  // namespace larq_focal
