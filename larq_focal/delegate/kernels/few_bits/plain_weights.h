// Weights as their levels, one after another as the bytes of the image that they meet: for loops without vectors of
// bytes.
#pragma once

#include "../few_bits.h"

namespace larq_focal {

inline size_t plain_weight_bytes(const FewBitFilter& filter, int) {
  return static_cast<size_t>(filter.channels) * filter.taps * steps_of(filter.channels_in) * kStepChannels;
}

inline void pack_plain_weights(const FewBitFilter& filter, int, uint8_t* packed) {
  const int padded = steps_of(filter.channels_in) * kStepChannels;
  for (int c = 0; c < filter.channels; ++c) {
    for (int tap = 0; tap < filter.taps; ++tap) {
      for (int in = 0; in < padded; ++in) {
        *packed++ = static_cast<uint8_t>(in < filter.channels_in ? filter.levels[filter.code(c, tap, in)] : 0);
      }
    }
  }
}

// Of a depthwise filter: [tap][channel].
inline size_t plain_depthwise_bytes(const FewBitFilter& filter, int) {
  return static_cast<size_t>(filter.taps) * filter.channels;
}

inline void pack_plain_depthwise(const FewBitFilter& filter, int, uint8_t* packed) {
  for (int tap = 0; tap < filter.taps; ++tap) {
    for (int c = 0; c < filter.channels; ++c) *packed++ = static_cast<uint8_t>(filter.levels[filter.code(c, tap, 0)]);
  }
}

// The sum of products of `count` signed bytes.
inline int32_t dot_product(const uint8_t* pixels, const uint8_t* weights, int count) {
  int32_t sum = 0;
  for (int i = 0; i < count; ++i) sum += static_cast<int8_t>(pixels[i]) * static_cast<int8_t>(weights[i]);
  return sum;
}

}  // namespace larq_focal
