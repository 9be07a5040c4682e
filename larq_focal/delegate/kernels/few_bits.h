// What a kernel is for layers of few bits: the convolution of bytes with weights of 1 to 4 bits.
//
// A map holds bytes q, of which each stands for the whole number q - zero point. A weight is one of up to 16 whole
// numbers, its level, told by a code of 1 to 4 bits.
#pragma once

#include <cstddef>
#include <cstdint>

#include "kernel.h"

namespace larq_focal {

constexpr int kMostLevels = 16;
constexpr int kStepChannels = 4;  // input channels that loops take together

// A filter as the model has it: a plane of words for each bit of the codes, lowest first, at each tap.
struct FewBitFilter {
  const uint32_t* planes;  // [channel][tap][bit][word of 32 input channels], depthwise [tap][bit][word of 32 channels]
  int bits;
  const int8_t* levels;  // [kMostLevels], of each code; those of fewer bits again and again
  int channels;
  int taps;
  int channels_in;  // that an output sees: 1 of a depthwise one
  int depthwise_channels;  // of a depthwise one, which `channels` repeats; else 0

  int code(int channel, int tap, int channel_in) const {
    const bool is_depthwise = depthwise_channels > 0;
    const ptrdiff_t row = is_depthwise ? tap : static_cast<ptrdiff_t>(channel) * taps + tap;
    const int words = packed_words(is_depthwise ? depthwise_channels : channels_in);
    const int place = is_depthwise ? channel % depthwise_channels : channel_in;
    const uint32_t* word = planes + row * bits * words + place / 32;
    int code = 0;
    for (int bit = 0; bit < bits; ++bit) code |= static_cast<int>(word[bit * words] >> place % 32 & 1) << bit;
    return code;
  }
};

// From what a loop sums to an output: x = sum * factor + offsets[channel] + position_offsets[position] is whole and
// exact, and y = clamp(x * multiplier + bias).
struct FewBitTransform {
  int32_t factor = 1;
  const int32_t* offsets = nullptr;           // per channel, as the next two; with kSpareChannels more
  const float* multiplier = nullptr;
  const float* bias = nullptr;
  const int32_t* position_offsets = nullptr;  // null where they are all 0
  float lowest = 0;
  float highest = 0;
};

// A convolution of some rows of one image.
struct ByteConvolution {
  const uint8_t* image;  // of prepared pixels, padded, so that every window lies inside
  ptrdiff_t row_step;    // bytes from one output to that below it
  ptrdiff_t column_step;
  int output_width;
  Window window;           // offsets in bytes; the words of a run are steps of kStepChannels channels; depthwise 1
  const uint8_t* weights;  // packed by the same loop
  int bits;
  const int8_t* levels;  // [kMostLevels]
  int largest_level;     // magnitude
  int largest_byte;      // of a prepared image, without sign
  int channels;
  FewBitTransform transform;
  Destination destination;
};

// One way to compute such convolutions.
struct FewBitLoop {
  int block_channels;   // output channels computed together
  int block_positions;  // output positions computed together

  bool takes_signed_bytes;  // of 8 bits; else unsigned ones: q - the lowest q that there is
  bool sums_codes;          // it sums code * byte, of codes 0 and 1, and not level * byte

  // Bytes of a prepared pixel of so many channels, whose steps are of `largest_byte` at most.
  size_t (*pixel_bytes)(int channels, int largest_byte);

  // Prepares pixels, of which each byte becomes byte + shift. `totals`, of each pixel, may be null.
  void (*prepare_pixels)(const int8_t* pixels, size_t count, int channels, int shift, int largest_byte,
                         uint8_t* prepared, int32_t* totals);

  // Bytes of packed weights; in `run_taps` taps one after another, whose channels are padded to whole steps.
  size_t (*weight_bytes)(const FewBitFilter&, int run_taps);
  void (*pack_weights)(const FewBitFilter&, int run_taps, uint8_t* packed);

  // Computes the channels of one block, from `channel` on, at the positions [begin, end) in row-major order.
  // Words that blocks share hold zeros before the first of them. Depthwise loops read a whole block of bytes at each
  // tap, also behind the last channel.
  void (*convolve)(const ByteConvolution&, int channel, int begin, int end);
};

struct FewBitKernel {
  const char* name;            // of the kernel that it belongs to
  const FewBitLoop* dots;      // any weights
  const FewBitLoop* depthwise;  // the same, of one input channel for each output
  const FewBitLoop* look_ups;  // weights of one bit, by tables of sums; null where there is none
  const FewBitLoop* pairs;     // weights of two bits on bytes from 0 to 3, by tables of sums of two; null likewise
  // From how many products with each byte of the image on tables take less time: where bytes have up to 8 bits, up to
  // 4, in a dense layer of one row, which does not use a weight twice, and for pairs. 0: never.
  struct {
    int wide, narrow, row, pairs;
  } least_products;
};

// That of the same name.
const FewBitKernel& few_bit_kernel(const Kernel& kernel);

inline int steps_of(int channels) { return (channels + kStepChannels - 1) / kStepChannels; }

}  // namespace larq_focal
