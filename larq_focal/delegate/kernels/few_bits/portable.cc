// Plain C++: one output channel after another, each by a loop that compilers turn into vectors.
#include "../few_bits.h"
#include "../vectors/portable.inc.h"
#include "plain_weights.h"

#include "../bodies/few_bits_output.inc.h"
#include "../bodies/pixel_bytes.inc.h"

namespace larq_focal {
namespace {

constexpr int kBlock = kWordBits;  // channels per call, so that packed outputs come in whole words

void convolve(const ByteConvolution& conv, int channel, int begin, int end) {
  const int run_bytes = conv.window.run_words * kStepChannels;
  const int count = conv.channels - channel < kBlock ? conv.channels - channel : kBlock;
  PixelPlaces walk(conv, begin);
  for (int position = begin; position < end; ++position) {
    const uint8_t* place = walk.next();
    const uint8_t* weights = conv.weights + static_cast<ptrdiff_t>(channel) * conv.window.runs * run_bytes;
    alignas(64) int32_t sums[kBlock] = {};
    for (int c = 0; c < count; ++c) {
      for (int run = 0; run < conv.window.runs; ++run, weights += run_bytes) {
        sums[c] += dot_product(place + conv.window.offsets[run], weights, run_bytes);
      }
    }
    store_sums<false>(conv, channel, kBlock, position, 1, sums, kBlock);
  }
}

void convolve_depthwise(const ByteConvolution& conv, int channel, int begin, int end) {
  const int count = conv.channels - channel < kBlock ? conv.channels - channel : kBlock;
  PixelPlaces walk(conv, begin);
  for (int position = begin; position < end; ++position) {
    const uint8_t* place = walk.next() + channel;
    const uint8_t* weights = conv.weights + channel;
    alignas(64) int32_t sums[kBlock] = {};
    for (int tap = 0; tap < conv.window.runs; ++tap, weights += conv.channels) {
      const uint8_t* pixel = place + conv.window.offsets[tap];
      for (int c = 0; c < count; ++c) sums[c] += static_cast<int8_t>(pixel[c]) * static_cast<int8_t>(weights[c]);
    }
    store_sums<false>(conv, channel, kBlock, position, 1, sums, kBlock);
  }
}

constexpr FewBitLoop kLoop = {kBlock,
                              1,
                              true,
                              false,
                              padded_pixel_bytes,
                              prepare_bytes,
                              plain_weight_bytes,
                              pack_plain_weights,
                              convolve};

constexpr FewBitLoop kDepthwiseLoop = {kBlock,
                                       1,
                                       true,
                                       false,
                                       dense_pixel_bytes,
                                       prepare_dense_bytes,
                                       plain_depthwise_bytes,
                                       pack_plain_depthwise,
                                       convolve_depthwise};

}  // namespace

extern const FewBitKernel portable_few_bits = {"portable", &kLoop, &kDepthwiseLoop, nullptr, nullptr, {}};

}  // namespace larq_focal
