// What a kernel is: binary convolution and bit packing for one kind of processor. Kernels know nothing of LiteRT.
//
// Bits: channel c of a pixel is bit c % 32 of word c / 32; 1 stands for -1, and the bits behind the last channel are 0.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "depthwise.h"

namespace larq_focal {

// Where the words lie that one output sees: `runs` runs of `run_words` consecutive words, each at an offset from the
// output's own place in the image.
struct Window {
  const int32_t* offsets;
  int runs;
  int run_words;

  int words() const { return runs * run_words; }
};

// From a popcount to an output. With x = products - 2 * popcount - correction, the sum of products, clamped:
//   float32: y = x * multiplier + bias
//   int8:    the same, rounded and saturated
//   packed:  bit = popcount > threshold
// The sum is whole and exact. LCE's core/bconv2d/output_transform.h has the number of products in the bias instead, and so
// its rounding in every result.
struct OutputTransform {
  int32_t products = 0;
  int32_t lowest = INT32_MIN;
  int32_t highest = INT32_MAX;
  const float* multiplier = nullptr;  // per channel, as all of these, which end with kSpareChannels more
  const float* bias = nullptr;
  const int32_t* threshold = nullptr;
};

// Sums of the weights that hang over the image's edge, by how far the window hangs over: zeros in the middle.
// Zero-padded pixels are computed as +1; the sum of their weights is what this gets wrong.
struct EdgeCorrection {
  const int32_t* sums = nullptr;  // [row_class][column_class][channel]
  const int32_t* row_class = nullptr;
  const int32_t* column_class = nullptr;
  int column_classes = 1;
  int channels = 0;

  const int32_t* at(int y, int x) const {
    return sums + (static_cast<size_t>(row_class[y]) * column_classes + column_class[x]) * channels;
  }
};

// What is done to each float after another: y * v, y + v, or y where it is at least zero and else y * v; then clamped.
struct FloatStep {
  enum class Kind { kMultiply, kAdd, kPrelu };

  Kind kind;
  const float* values;   // of channel 0 at position 0
  ptrdiff_t stride = 0;  // from one position to the next: 0 where all share the values
  bool is_clamped = false;
  float lowest = 0;
  float highest = 0;
};

struct FloatSteps {
  const FloatStep* first = nullptr;
  int count = 0;
};

// A quantizer: `lowest` + the number of thresholds <= x. Where `rule` is not kSearch, that is the same as rounding x in
// steps, clamped to [low, high], plus `zero_point`.
struct LevelSteps {
  enum class Rule { kSearch, kCompare, kHalfToEven, kHalfUp };

  const float* thresholds = nullptr;  // ascending
  int count = 0;
  int lowest = 0;
  Rule rule = Rule::kSearch;
  bool divides = false;  // x / factor in place of x * factor
  float factor = 1;
  float low = 0;
  float high = 0;
  int zero_point = 0;
};

// Where the outputs go. Each pointer may be null; strides are in elements from one position to the next.
struct Destination {
  FloatSteps steps;  // on the float output, before it goes anywhere
  float* floats = nullptr;
  ptrdiff_t float_stride = 0;
  int8_t* bytes = nullptr;
  ptrdiff_t byte_stride = 0;
  uint32_t* words = nullptr;  // signs: of the popcount's comparison with its threshold, or of the float output
  ptrdiff_t word_stride = 0;
  int bit_offset = 0;  // of channel 0 in its word
  const LevelSteps* levels = nullptr;
  int8_t* codes = nullptr;  // of the float output, by `levels`
  ptrdiff_t code_stride = 0;
  FloatSteps quantized_steps;  // on the float output, only for its sign or its code
};

// A convolution of one group of one image.
struct Convolution {
  const uint32_t* image;  // padded, so that every window lies inside
  ptrdiff_t row_step;     // words from one output to that below it
  ptrdiff_t column_step;  // words from one output to that beside it
  int output_width;
  Window window;
  const uint32_t* weights;  // packed by the same kernel
  int channels;             // outputs of this group
  OutputTransform transform;
  EdgeCorrection correction;
  Destination destination;
};

struct Kernel {
  const char* name;
  bool (*is_supported)();
  int block_channels;   // output channels computed together
  int block_positions;  // output positions computed together
  int weight_words;     // words of packed weights for each word of the filter
  bool is_plain;        // works on the image as it lies, by no short cut: what others are tested against

  // Packs [channels][window.words()] into round_up(channels, block_channels) * window.words() * weight_words words.
  void (*pack_weights)(const uint32_t* filter, int channels, int window_words, uint32_t* packed);

  // Computes the channels of one block, from `channel` on, at the positions [begin, end) in row-major order.
  // Words that blocks or groups share hold zeros before the first of them.
  void (*convolve)(const Convolution&, int channel, int begin, int end);

  // Packs the signs of [rows][channels] values: bit 1 where below zero, or below the zero point. Floats lie `stride`
  // from row to row, and go through `steps` first.
  void (*pack_floats)(const float* values, ptrdiff_t stride, size_t rows, int channels, FloatSteps steps,
                      uint32_t* words);
  // Adds rows of [rows][channels] floats, which go through `steps` first, to the sums, one row after the other.
  void (*sum_floats)(const float* values, ptrdiff_t stride, size_t rows, int channels, FloatSteps steps, float* sums);
  // Quantizes [rows][channels] floats, which go through `steps` first.
  void (*quantize_floats)(const float* values, ptrdiff_t stride, size_t rows, int channels, FloatSteps steps,
                          const LevelSteps& levels, int8_t* codes);
  void (*pack_bytes)(const int8_t* values, size_t rows, int channels, int8_t zero_point, uint32_t* words);
  // Computes the rows [begin, end) of outputs.
  void (*convolve_depthwise)(const Depthwise&, int begin, int end);
  // Finds the largest float of each channel among [rows][columns] pixels that lie so many floats apart.
  void (*find_maxima)(const float* image, ptrdiff_t row_stride, ptrdiff_t stride, int rows, int columns, int channels,
                      float* maxima);
};

constexpr int kMaxBlockChannels = 64;
constexpr int kSpareChannels = 64;  // behind the constants of the last channel, for whole vectors

inline int packed_words(int channels) { return channels / 32 + (channels % 32 != 0); }

// The kernels built into this library that this processor can run, best first.
std::vector<const Kernel*> supported_kernels();

// The supported kernel of that name, or the best one where the name is empty. Throws Error where there is none.
const Kernel& choose_kernel(const std::string& name);

}  // namespace larq_focal
