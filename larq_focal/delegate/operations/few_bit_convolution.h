#pragma once

#include "../base/aligned_buffer.h"
#include "../kernels/few_bits.h"
#include "fused_convolution.h"
#include "window.h"

namespace larq_focal {

// LqfConv2d, LqfDepthwiseConv2d and LqfFullyConnected: a convolution or a dense layer with weights of 1 to 4 bits on an
// int8 map.
//
// Inputs: int8 image NHWC; int32 filter [channel][row][column][bit][word of 32 input channels], of a depthwise
// convolution [1][row][column][bit][word of 32 channels], of a dense layer [channel][bit][word]; then a scale for each
// channel and a bias (float32), which is null where left out. A code of the filter stands for the whole number
// `weight_offset` + code * `weight_step`, which the scale multiplies. The image has only bytes from `image_lowest` on,
// of `image_bits` bits; outside of it is its zero point.
//
// y = activation(sum of products * image scale * scale + bias), rounded to the scale of an int8 output.
class FewBitConvolution : public FusedConvolution {
 public:
  // Throws Error.
  static std::unique_ptr<Operation> convolution(const Options& options, const Kernel& kernel);
  static std::unique_ptr<Operation> depthwise(const Options& options, const Kernel& kernel);
  static std::unique_ptr<Operation> dense(const Options& options, const Kernel& kernel);

  void prepare() override;
  void run(ThreadPool& threads) override;  // in few_bit_convolution_run.cc

 private:
  enum class Form { kConvolution, kDepthwise, kDense };

  FewBitConvolution(const Options& options, const Kernel& kernel, Form form);

  int seen_channels() const { return form_ == Form::kDepthwise ? 1 : channels_in_; }  // by an output
  int prepared_channels() const { return channels_in_ * depth_multiplier_; }
  int columns() const { return column_placement_.outputs / folded_; }
  void prepare_shapes(const Tensor& image, const Tensor& filter);
  void check_filter(const Tensor& filter);
  void take_rows(const Tensor& image, Tensor& to);
  void take_image(const Tensor& image, const Tensor& filter);
  void choose_loop();
  void fold_columns();
  void prepare_window();
  void prepare_transform();
  void prepare_buffers();
  FewBitFilter filter() const;
  const float* constants(size_t index, const std::string& name) const;
  void prepare_row(const int8_t* image, int64_t row, int64_t buffer_row);
  void sum_totals(int64_t row);
  ByteConvolution band_task(int image, int first_row);

  const FewBitKernel& kernel_;
  const FewBitLoop* loop_ = nullptr;
  Form form_;
  int channels_in_;
  int depth_multiplier_ = 1;  // how often a depthwise convolution repeats each channel of a pixel
  int image_lowest_, largest_byte_;
  int weight_bits_;
  alignas(16) int8_t levels_[kMostLevels] = {};  // of each code
  int largest_level_ = 0;
  Activation activation_;
  Axis rows_, columns_;

  int images_ = 1, height_ = 1, width_ = 1;  // of the image; the rows of a dense layer are pixels
  int channels_ = 0;                         // outputs
  Placement row_placement_{}, column_placement_{};
  int folded_ = 1;  // outputs of a row that a depthwise loop computes as if they were channels of one
  int padded_width_ = 0;
  int shift_ = 0;           // what preparing adds to each byte
  size_t pixel_bytes_ = 0;  // prepared
  int band_rows_ = 0;       // of outputs, whose prepared image is kept at a time

  int run_taps_ = 1;
  std::vector<int32_t> run_offsets_;
  std::vector<int32_t> offsets_, position_offsets_, totals_;
  std::vector<float> multiplier_, bias_;
  float lowest_ = 0, highest_ = 0;
  const FewBitLoop* packed_by_ = nullptr;  // which loop the weights are packed for, and how often they stand there
  int packed_folded_ = 0;
  AlignedBuffer weights_, prepared_;
  AlignedBuffer outside_;  // a prepared pixel outside of the image
  int32_t outside_total_ = 0;
};

}  // namespace larq_focal
