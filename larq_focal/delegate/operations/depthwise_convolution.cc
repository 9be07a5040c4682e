#include "depthwise_convolution.h"

#include <algorithm>
#include <cstring>

namespace larq_focal {
namespace {

constexpr int64_t kLargestImage = int64_t{1} << 26;  // floats of a padded image
constexpr int kBlock = 32;                           // floats that kernels compute together

// Rows of a value for each channel, repeated up to a whole block.
std::vector<float> repeated(const Tensor& values, int channels, int period) {
  const int64_t rows = element_count(values.dims) / channels;
  std::vector<float> wide(rows * period);
  for (int64_t row = 0; row < rows; ++row) {
    for (int i = 0; i < period; ++i) wide[row * period + i] = values.as<float>()[row * channels + i % channels];
  }
  return wide;
}

}  // namespace

void DepthwiseConvolution::prepare() {
  require_counts(3, 1);
  const Tensor& image = input(0, "image", {Type::kFloat32});
  const Tensor& filter = input(1, "filter", {Type::kFloat32});
  const Tensor& bias = input(2, "bias", {Type::kFloat32});
  require(image.dims.size() == 4 && filter.dims.size() == 4 && filter.dims[0] == 1, [&] {
    return "its image " + shape_text(image.dims) + " or its filter " + shape_text(filter.dims) +
           " does not have the dimensions of a depthwise convolution.";
  });
  const int channels = image.dims[3];
  const bool fits = filter.dims[3] == channels && bias.dims == std::vector<int>{channels} && filter.is_constant &&
                    bias.is_constant && takes(channels);
  require(fits, [&] {
    return "its filter " + shape_text(filter.dims) + " or its bias " + shape_text(bias.dims) + " does not fit " +
           std::to_string(channels) + " channels.";
  });
  const Axis rows{filter.dims[1], 1, 1, padding_}, columns{filter.dims[2], 1, 1, padding_};
  row_placement_ = place(rows, image.dims[1]);
  column_placement_ = place(columns, image.dims[2]);
  const int64_t height = row_placement_.outputs - 1 + rows.size;
  padded_width_ = static_cast<int>(column_placement_.outputs - 1 + columns.size);
  const int64_t row_floats = int64_t{padded_width_} * channels;
  require(height * row_floats < kLargestImage, "its padded image is too large.");
  const size_t bytes = (height * row_floats + kBlock) * sizeof(float);
  padded_image_.reserve(bytes);
  std::memset(padded_image_.as<void>(), 0, bytes);

  task_.row_stride = row_floats;
  task_.channels = channels;
  task_.output_width = column_placement_.outputs;
  task_.rows = filter.dims[1];
  task_.columns = filter.dims[2];
  task_.period = std::max(channels, kBlock);
  bias_ = repeated(bias, channels, task_.period);
  weights_ = repeated(filter, channels, task_.period);
  task_.bias = bias_.data();
  task_.weights = weights_.data();
  Tensor& to = output(0, {Type::kFloat32, Type::kPacked});
  to.dims = {image.dims[0], row_placement_.outputs, column_placement_.outputs, channels};
  element_count(to.dims);
  if (to.type == Type::kPacked) to.dims[3] = packed_words(channels);
}

// The image with zeros around it, which stay from run to run.
const float* DepthwiseConvolution::padded(int image) {
  const Tensor& from = *inputs[0];
  const int width = from.dims[2], channels = from.dims[3];
  auto* to = padded_image_.as<float>();
  for (int y = 0; y < from.dims[1]; ++y) {
    const float* pixel = from.as<float>() + (ptrdiff_t{image} * from.dims[1] + y) * width * from.pixel_stride();
    float* row = to + (y + row_placement_.before) * task_.row_stride + column_placement_.before * channels;
    if (from.pixel_stride() == channels) {
      std::copy(pixel, pixel + ptrdiff_t{width} * channels, row);
      continue;
    }
    for (int x = 0; x < width; ++x, pixel += from.pixel_stride(), row += channels) {
      std::copy(pixel, pixel + channels, row);
    }
  }
  return to;
}

void DepthwiseConvolution::run(ThreadPool& threads) {
  const Tensor& to = *outputs[0];
  const ptrdiff_t image_outputs = ptrdiff_t{to.dims[1]} * to.dims[2] * to.dims[3];
  Depthwise task = task_;
  for (int image = 0; image < to.dims[0]; ++image) {
    task.image = padded(image);
    if (to.type == Type::kFloat32) task.floats = to.as<float>() + image * image_outputs;
    if (to.type == Type::kPacked) task.words = to.as<uint32_t>() + image * image_outputs;
    threads.parallel_for(to.dims[1], [&](int64_t begin, int64_t end) {
      kernel_.convolve_depthwise(task, static_cast<int>(begin), static_cast<int>(end));
    });
  }
}

}  // namespace larq_focal
