// Pixels as the bytes that they are: included by each kernel file, which compiles it for its processor.
#pragma once

#include "../few_bits.h"

namespace larq_focal {
namespace {

size_t dense_pixel_bytes(int channels, int) { return static_cast<size_t>(channels); }

void prepare_dense_bytes(const int8_t* pixels, size_t count, int channels, int shift, int, uint8_t* prepared,
                         int32_t*) {
  for (size_t i = 0; i < count * channels; ++i) prepared[i] = static_cast<uint8_t>(pixels[i] + shift);
}

// With zeros behind the last channel up to a whole step.
size_t padded_pixel_bytes(int channels, int) { return static_cast<size_t>(steps_of(channels)) * kStepChannels; }

void prepare_bytes(const int8_t* pixels, size_t count, int channels, int shift, int largest_byte, uint8_t* prepared,
                   int32_t* totals) {
  const int stride = steps_of(channels) * kStepChannels;
  if (stride == channels) return prepare_dense_bytes(pixels, count, channels, shift, largest_byte, prepared, totals);
  for (size_t i = 0; i < count; ++i, pixels += channels, prepared += stride) {
    for (int c = 0; c < stride; ++c) prepared[c] = c < channels ? static_cast<uint8_t>(pixels[c] + shift) : 0;
  }
}

}  // namespace
}  // namespace larq_focal
