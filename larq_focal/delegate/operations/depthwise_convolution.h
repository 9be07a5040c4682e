#pragma once

#include "../base/aligned_buffer.h"
#include "operation.h"
#include "window.h"

namespace larq_focal {

// DEPTHWISE_CONV_2D of float32 values, or CONV_2D of one channel to one, with windows that move by one pixel. A quantize
// operation behind it can be taken in.
//
// Inputs: image NHWC, filter [1, rows, columns, channels], bias [channels].
class DepthwiseConvolution : public Operation {
 public:
  DepthwiseConvolution(const Kernel& kernel, Padding padding) : kernel_(kernel), padding_(padding) {}

  // Whether kernels take so many channels.
  static bool takes(int channels) { return channels > 0 && (32 % channels == 0 || channels % 32 == 0); }

  void prepare() override;
  void run(ThreadPool& threads) override;

  // Gives the signs of the output instead.
  void take_in_signs(Tensor* signs) { outputs = {signs}; }

 private:
  const float* padded(int image);

  const Kernel& kernel_;
  Padding padding_;
  Placement row_placement_{}, column_placement_{};
  int padded_width_ = 0;
  Depthwise task_{};
  std::vector<float> bias_, weights_;
  AlignedBuffer padded_image_;
};

}  // namespace larq_focal
