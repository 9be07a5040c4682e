// The specification of every loop, as plain as it can be: one output channel at one position at a time.
#include "../bodies/pixel_bytes.inc.h"
#include "../few_bits.h"
#include "../reference_outputs.h"
#include "plain_weights.h"

namespace larq_focal {
namespace {

int32_t sum_of_products(const ByteConvolution& conv, int channel, int y, int x) {
  const int run_bytes = conv.window.run_words * kStepChannels;
  const uint8_t* place = conv.image + y * conv.row_step + x * conv.column_step;
  const uint8_t* weights = conv.weights + static_cast<ptrdiff_t>(channel) * conv.window.runs * run_bytes;
  int32_t sum = 0;
  for (int run = 0; run < conv.window.runs; ++run, weights += run_bytes) {
    sum += dot_product(place + conv.window.offsets[run], weights, run_bytes);
  }
  return sum;
}

int32_t depthwise_sum(const ByteConvolution& conv, int channel, int y, int x) {
  const uint8_t* place = conv.image + y * conv.row_step + x * conv.column_step + channel;
  int32_t sum = 0;
  for (int tap = 0; tap < conv.window.runs; ++tap) {
    sum += dot_product(place + conv.window.offsets[tap], conv.weights + ptrdiff_t{tap} * conv.channels + channel, 1);
  }
  return sum;
}

template <int32_t (*sum_of)(const ByteConvolution&, int, int, int)>
void convolve(const ByteConvolution& conv, int channel, int begin, int end) {
  const Destination& to = conv.destination;
  const FewBitTransform& by = conv.transform;
  for (int position = begin; position < end; ++position) {
    const int32_t sum = sum_of(conv, channel, position / conv.output_width, position % conv.output_width);
    const int32_t whole = sum * by.factor + by.offsets[channel] + (by.position_offsets ? by.position_offsets[position] : 0);
    float output = static_cast<float>(whole) * by.multiplier[channel] + by.bias[channel];
    output = stepped(to.steps, position, channel, clamp(output, by.lowest, by.highest));
    store_number(to, channel, position, output);
    store_quantized(to, channel, position, output);
  }
}

constexpr FewBitLoop kLoop = {1,
                              1,
                              true,
                              false,
                              padded_pixel_bytes,
                              prepare_bytes,
                              plain_weight_bytes,
                              pack_plain_weights,
                              convolve<sum_of_products>};

constexpr FewBitLoop kDepthwiseLoop = {1,
                                       1,
                                       true,
                                       false,
                                       dense_pixel_bytes,
                                       prepare_dense_bytes,
                                       plain_depthwise_bytes,
                                       pack_plain_depthwise,
                                       convolve<depthwise_sum>};

}  // namespace

extern const FewBitKernel reference_few_bits = {"reference", &kLoop, &kDepthwiseLoop, nullptr, nullptr, {}};

}  // namespace larq_focal
