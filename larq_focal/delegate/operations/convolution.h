#pragma once

#include "../base/aligned_buffer.h"
#include "edge_sums.h"
#include "fused_convolution.h"
#include "output_table.h"
#include "window.h"
#include "window_bits.h"

namespace larq_focal {

// LceBconv2d: a binary convolution with its activation, multiplier and bias, or threshold.
//
// Inputs: packed image NHWC, packed filter OHWI, then multiplier and bias (float32), threshold (int32); null where left
// out.
class BinaryConvolution : public FusedConvolution {
 public:
  BinaryConvolution(const Options& options, const Kernel& kernel);

  void prepare() override;
  void run(ThreadPool& threads) override;  // in convolution_run.cc

 private:
  void prepare_shapes(const Tensor& image, const Tensor& filter);
  void prepare_window(const Tensor& image);
  void prepare_transform();
  void prepare_table();
  void pack_weights(const Tensor& filter);
  const float* constants(size_t index, const std::string& name) const;
  const uint32_t* padded(const uint32_t* image);
  const uint32_t* gathered(const uint32_t* image, ThreadPool& threads);
  Convolution group_task(int image, int group, const uint32_t* pixels, const Tensor& to, const Tensor* quantized);
  void look_up(int image) const;

  const Kernel& kernel_;
  Axis rows_, columns_;
  int channels_in_;
  int pad_value_;
  Activation activation_;

  int groups_ = 1;
  int channels_ = 0;     // outputs, of all groups
  int group_words_ = 0;  // packed input channels of a group
  Placement row_placement_{}, column_placement_{};
  bool is_padded_ = false;
  int padded_height_ = 0, padded_width_ = 0;

  std::vector<int32_t> run_offsets_;
  Window window_{};
  ptrdiff_t row_step_ = 0, column_step_ = 0;  // words from one output's place to the next

  bool has_few_channels_ = false;  // so that it works on windows with their bits side by side
  WindowBits window_bits_;
  AlignedBuffer windows_;
  bool has_table_ = false;  // the outputs of all windows
  OutputTable output_table_, quantized_table_;

  std::vector<float> multiplier_, bias_;
  std::vector<int32_t> threshold_;
  int32_t products_ = 0, lowest_ = INT32_MIN, highest_ = INT32_MAX;
  EdgeSums edge_sums_;
  AlignedBuffer weights_;
  bool has_weights_ = false;
  size_t group_weights_ = 0;  // packed words of a group
  AlignedBuffer padded_image_;
};

}  // namespace larq_focal
