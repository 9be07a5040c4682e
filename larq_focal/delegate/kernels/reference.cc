// The specification of every kernel, as plain as it can be: one output channel at one position at a time.
#include <bitset>
#include <cstring>
#include <limits>

#include "reference_outputs.h"

namespace larq_focal {
namespace {

bool is_supported() { return true; }

void pack_weights(const uint32_t* filter, int channels, int window_words, uint32_t* packed) {
  std::memcpy(packed, filter, sizeof(uint32_t) * channels * window_words);
}

int32_t differing_bits(const Convolution& conv, int channel, int y, int x) {
  const uint32_t* place = conv.image + y * conv.row_step + x * conv.column_step;
  const uint32_t* weights = conv.weights + static_cast<ptrdiff_t>(channel) * conv.window.words();
  int32_t count = 0;
  for (int run = 0; run < conv.window.runs; ++run) {
    for (int word = 0; word < conv.window.run_words; ++word) {
      count += static_cast<int32_t>(std::bitset<32>(place[conv.window.offsets[run] + word] ^ *weights++).count());
    }
  }
  return count;
}

float float_output(const Convolution& conv, int channel, int y, int x, int32_t popcount) {
  const OutputTransform& transform = conv.transform;
  int32_t value = transform.products - 2 * popcount;
  if (conv.correction.sums) value -= conv.correction.at(y, x)[channel];
  value = value < transform.lowest ? transform.lowest : value > transform.highest ? transform.highest : value;
  return static_cast<float>(value) * transform.multiplier[channel] + transform.bias[channel];
}

void convolve(const Convolution& conv, int channel, int begin, int end) {
  const Destination& to = conv.destination;
  for (int position = begin; position < end; ++position) {
    int y = position / conv.output_width, x = position % conv.output_width;
    int32_t popcount = differing_bits(conv, channel, y, x);
    if (conv.transform.threshold) {
      store_sign(to, channel, position, popcount > conv.transform.threshold[channel]);
    } else {
      float output = stepped(to.steps, position, channel, float_output(conv, channel, y, x, popcount));
      store_number(to, channel, position, output);
      store_quantized(to, channel, position, output);
    }
  }
}

// Packs bit 1 where is_negative(row, channel).
template <typename IsNegative>
void pack(size_t rows, int channels, uint32_t* words, const IsNegative& is_negative) {
  for (size_t row = 0; row < rows; ++row, words += packed_words(channels)) {
    for (int word = 0; word < packed_words(channels); ++word) words[word] = 0;
    for (int channel = 0; channel < channels; ++channel) {
      words[channel / 32] |= static_cast<uint32_t>(is_negative(row, channel)) << channel % 32;
    }
  }
}

void pack_floats(const float* values, ptrdiff_t stride, size_t rows, int channels, FloatSteps steps, uint32_t* words) {
  pack(rows, channels, words, [&](size_t row, int channel) {
    const auto position = static_cast<ptrdiff_t>(row);
    return stepped(steps, position, channel, values[position * stride + channel]) < 0;  // so -0.0 packs as +1
  });
}

void quantize_floats(const float* values, ptrdiff_t stride, size_t rows, int channels, FloatSteps steps,
                     const LevelSteps& levels, int8_t* codes) {
  for (ptrdiff_t row = 0; row < static_cast<ptrdiff_t>(rows); ++row) {
    for (int c = 0; c < channels; ++c) *codes++ = level_code(levels, stepped(steps, row, c, values[row * stride + c]));
  }
}

void sum_floats(const float* values, ptrdiff_t stride, size_t rows, int channels, FloatSteps steps, float* sums) {
  for (ptrdiff_t row = 0; row < static_cast<ptrdiff_t>(rows); ++row) {
    for (int c = 0; c < channels; ++c) sums[c] += stepped(steps, row, c, values[row * stride + c]);
  }
}

void pack_bytes(const int8_t* values, size_t rows, int channels, int8_t zero_point, uint32_t* words) {
  pack(rows, channels, words, [&](size_t row, int channel) { return values[row * channels + channel] < zero_point; });
}

void convolve_depthwise(const Depthwise& conv, int begin, int end) {
  const auto output = [&conv](size_t pixel, int channel) {
    const auto y = static_cast<ptrdiff_t>(pixel) / conv.output_width, x = static_cast<ptrdiff_t>(pixel) % conv.output_width;
    float sum = conv.bias[channel];
    for (int row = 0; row < conv.rows; ++row) {
      for (int column = 0; column < conv.columns; ++column) {
        const float value = conv.image[(y + row) * conv.row_stride + (x + column) * conv.channels + channel];
        sum += value * conv.weights[(row * conv.columns + column) * conv.period + channel];
      }
    }
    return sum;
  };
  const size_t first = static_cast<size_t>(begin) * conv.output_width;
  const size_t pixels = static_cast<size_t>(end - begin) * conv.output_width;
  for (size_t pixel = first; conv.floats && pixel < first + pixels; ++pixel) {
    for (int c = 0; c < conv.channels; ++c) conv.floats[pixel * conv.channels + c] = output(pixel, c);
  }
  if (!conv.words) return;
  pack(pixels, conv.channels, conv.words + first * packed_words(conv.channels),
       [&](size_t pixel, int channel) { return output(first + pixel, channel) < 0; });
}

void find_maxima(const float* image, ptrdiff_t row_stride, ptrdiff_t stride, int rows, int columns, int channels,
                 float* maxima) {
  for (int c = 0; c < channels; ++c) {
    maxima[c] = -std::numeric_limits<float>::infinity();
    for (int y = 0; y < rows; ++y) {
      for (int x = 0; x < columns; ++x) {
        const float value = image[y * row_stride + x * stride + c];
        if (value > maxima[c]) maxima[c] = value;
      }
    }
  }
}

}  // namespace

extern const Kernel reference_kernel = {"reference", is_supported, 1,          1,           1,
                                        true,        pack_weights, convolve,   pack_floats, sum_floats,
                                        quantize_floats, pack_bytes, convolve_depthwise, find_maxima};

}  // namespace larq_focal
