// Packing and sums of floats that go through steps, and packing of bytes: included by each kernel file.
#pragma once

#include "few_channels.inc.h"
#include "output.inc.h"

namespace larq_focal {
namespace {

// 32 channels of a row, after the steps.
template <bool is_whole>
LARQ_FOCAL_INLINE void load_floats(const float* values, int count, const FloatSteps& steps, size_t row, int channel,
                                   Floats (&floats)[kWordVectors]) {
  if (is_whole) {
#pragma GCC unroll 8
    for (int v = 0; v < kWordVectors; ++v) floats[v] = load_vector<Floats>(values + v * kLanes);
  } else {
    load_some(values, count, floats);
  }
  take_steps<is_whole>(steps, static_cast<ptrdiff_t>(row), channel, count, floats);
}

template <bool is_whole>
inline uint32_t packed_word(const float* values, int count, const FloatSteps& steps, size_t row, int channel) {
  Floats floats[kWordVectors];
  load_floats<is_whole>(values, count, steps, row, channel, floats);
  return is_whole ? below_zero(floats) : below_zero(floats) & low_bits(count);
}

template <bool is_whole>
inline void sum_word(const float* values, ptrdiff_t stride, size_t rows, int count, const FloatSteps& steps,
                     int channel, float* sums) {
  Floats totals[kWordVectors], floats[kWordVectors];
  load_floats<is_whole>(sums, count, {}, 0, channel, totals);
  for (size_t row = 0; row < rows; ++row, values += stride) {
    load_floats<is_whole>(values, count, steps, row, channel, floats);
#pragma GCC unroll 8
    for (int v = 0; v < kWordVectors; ++v) totals[v] += floats[v];
  }
  store_floats<is_whole>(totals, count, sums);
}

void sum_floats(const float* values, ptrdiff_t stride, size_t rows, int channels, FloatSteps steps, float* sums) {
  int c = 0;
  for (; c + kWordBits <= channels; c += kWordBits) {
    sum_word<true>(values + c, stride, rows, kWordBits, steps, c, sums + c);
  }
  if (c < channels) sum_word<false>(values + c, stride, rows, channels - c, steps, c, sums + c);
}

void pack_floats(const float* values, ptrdiff_t stride, size_t rows, int channels, FloatSteps steps, uint32_t* words) {
  const bool is_dense = stride == channels && steps.count == 0;
  size_t row = is_dense ? pack_few_channels(values, rows, channels, signs_of_floats, words) : 0;
  values += row * stride;
  words += row * packed_words(channels);
  for (; row < rows; ++row, values += stride) {
    int c = 0;
    for (; c + kWordBits <= channels; c += kWordBits) {
      *words++ = packed_word<true>(values + c, kWordBits, steps, row, c);
    }
    if (c < channels) *words++ = packed_word<false>(values + c, channels - c, steps, row, c);
  }
}

void quantize_floats(const float* values, ptrdiff_t stride, size_t rows, int channels, FloatSteps steps,
                     const LevelSteps& levels, int8_t* codes) {
  if (stride == channels && steps.count == 0) {  // as one row
    const size_t whole = rows * channels / kWordBits;
    Floats floats[kWordVectors];
    for (size_t word = 0; word < whole; ++word, values += kWordBits, codes += kWordBits) {
      load_floats<true>(values, kWordBits, steps, 0, 0, floats);
      store_codes<true>(levels, floats, kWordBits, codes);
    }
    channels = stride = static_cast<int>(rows * channels % kWordBits);
    rows = channels > 0;
  }
  for (size_t row = 0; row < rows; ++row, values += stride, codes += channels) {
    Floats floats[kWordVectors];
    int c = 0;
    for (; c + kWordBits <= channels; c += kWordBits) {
      load_floats<true>(values + c, kWordBits, steps, row, c, floats);
      store_codes<true>(levels, floats, kWordBits, codes + c);
    }
    if (c == channels) continue;
    load_floats<false>(values + c, channels - c, steps, row, c, floats);
    store_codes<false>(levels, floats, channels - c, codes + c);
  }
}

void pack_bytes(const int8_t* values, size_t rows, int channels, int8_t zero_point, uint32_t* words) {
  const auto signs = [zero_point](const int8_t* bytes) { return below(bytes, zero_point); };
  size_t row = pack_few_channels(values, rows, channels, signs, words);
  values += row * channels;
  words += row * packed_words(channels);
  for (; row < rows; ++row, values += channels) {
    int c = 0;
    for (; c + kWordBits <= channels; c += kWordBits) *words++ = below(values + c, zero_point);
    if (c == channels) continue;
    int8_t rest[kWordBits];
    for (int i = 0; i < kWordBits; ++i) rest[i] = c + i < channels ? values[c + i] : zero_point;
    *words++ = below(rest, zero_point);
  }
}

}  // namespace
}  // namespace larq_focal
