// A depthwise convolution of floats whose signs are wanted: what a learnable activation binarizer does.
#pragma once

#include <cstddef>
#include <cstdint>

namespace larq_focal {

// Windows move by one pixel. Channels divide 32 or are a multiple of it, so that 32 floats of a row that lie side by side
// have the same channels in every such block of the row, or in every few. y = bias + the products of the taps, row by
// row, each product and each sum rounded.
struct Depthwise {
  const float* image;    // padded; what is read of it ends up to 32 floats behind the last window
  ptrdiff_t row_stride;  // floats from row to row
  int channels;
  int output_width;
  int rows, columns;     // of the filter
  int period;            // the channels, repeated up to 32 at least
  const float* bias;     // [period]
  const float* weights;  // [rows][columns][period]
  float* floats;         // where the outputs go, or null
  uint32_t* words;       // where their signs go, or null
};

}  // namespace larq_focal
