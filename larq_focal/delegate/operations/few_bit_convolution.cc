#include "few_bit_convolution.h"

#include <algorithm>
#include <cstdlib>

namespace larq_focal {
namespace {

constexpr int64_t kLargestSum = int64_t{1} << 30;
constexpr size_t kBandBytes = size_t{1} << 19;  // of a prepared image: what most second-level caches hold
constexpr size_t kMostBytes = size_t{1} << 31;
constexpr int kLargestLevel = 16;         // magnitude; pairs of products fit into 16 bits
constexpr int kLargestPairByte = 3;
constexpr int kLargestLevelOfOneBit = 8;  // of which more are added before they are widened
constexpr int kMostFolded = 8;

int64_t extent_of(const Axis& axis, int64_t outputs) { return (outputs - 1) * axis.stride + axis.extent(); }

}  // namespace

std::unique_ptr<Operation> FewBitConvolution::convolution(const Options& options, const Kernel& kernel) {
  return std::unique_ptr<Operation>(new FewBitConvolution(options, kernel, Form::kConvolution));
}

std::unique_ptr<Operation> FewBitConvolution::depthwise(const Options& options, const Kernel& kernel) {
  return std::unique_ptr<Operation>(new FewBitConvolution(options, kernel, Form::kDepthwise));
}

std::unique_ptr<Operation> FewBitConvolution::dense(const Options& options, const Kernel& kernel) {
  return std::unique_ptr<Operation>(new FewBitConvolution(options, kernel, Form::kDense));
}

FewBitConvolution::FewBitConvolution(const Options& options, const Kernel& kernel, Form form)
    : kernel_(few_bit_kernel(kernel)),
      form_(form),
      channels_in_(options.get("channels_in", 1, kLargestOption)),
      image_lowest_(options.get("image_lowest", INT8_MIN, INT8_MAX)),
      largest_byte_((1 << options.get("image_bits", 1, 8)) - 1),
      weight_bits_(options.get("weight_bits", 1, 4)),
      activation_(static_cast<Activation>(options.get("fused_activation_function", 0, 3))) {
  require(image_lowest_ + largest_byte_ <= INT8_MAX, "its image has bytes that int8 does not have.");
  const int step = options.get("weight_step", -kLargestLevel, kLargestLevel);
  const int offset = options.get("weight_offset", -kLargestLevel, kLargestLevel);
  const int most = weight_bits_ == 1 ? kLargestLevelOfOneBit : kLargestLevel;
  for (int code = 0; code < kMostLevels; ++code) {
    const int level = offset + code % (1 << weight_bits_) * step;
    require(std::abs(level) <= most, [&] { return "it has weights of " + std::to_string(level) + "."; });
    levels_[code] = static_cast<int8_t>(level);
    largest_level_ = std::max({largest_level_, std::abs(level), 1});
  }
  if (form_ == Form::kDense) return;
  if (form_ == Form::kDepthwise) depth_multiplier_ = options.get("depth_multiplier", 1, kLargestOption / channels_in_);
  auto padding = static_cast<Padding>(options.get("padding", 0, 1));
  rows_ = {1, options.get("stride_height", 1, kLargestOption), options.get("dilation_height_factor", 1, kLargestOption),
           padding};
  columns_ = {1, options.get("stride_width", 1, kLargestOption),
              options.get("dilation_width_factor", 1, kLargestOption), padding};
}

void FewBitConvolution::prepare() {
  require_operands(4);
  const Tensor& image = input(0, "image", {Type::kInt8});
  const Tensor& filter = input(1, "filter", {Type::kPacked});
  require(filter.is_constant, "its filter is not a constant.");
  require(image.scale > 0 && image.zero_point >= INT8_MIN && image.zero_point <= INT8_MAX,
          "its image has no valid scale and zero point.");
  prepare_shapes(image, filter);
  choose_loop();
  prepare_window();
  prepare_transform();
  prepare_buffers();
}

// The sizes of everything, from those of the image and the filter.
void FewBitConvolution::prepare_shapes(const Tensor& image, const Tensor& filter) {
  check_filter(filter);
  Tensor& to = output(0, {Type::kFloat32, Type::kInt8});
  if (form_ == Form::kDense) {
    take_rows(image, to);
  } else {
    take_image(image, filter);
  }
  const int64_t products = rows_.size * columns_.size * seen_channels();
  require(products * largest_level_ * (largest_byte_ + 1) * 2 < kLargestSum, "its window is too large.");
  const int code = image.zero_point - image_lowest_;
  row_placement_ = place(rows_, height_);
  column_placement_ = place(columns_, width_);
  if (form_ != Form::kDense) to.dims = {images_, row_placement_.outputs, column_placement_.outputs, channels_};
  element_count(to.dims);
  prepare_fused(to.dims);
  const bool is_padded = extent_of(rows_, row_placement_.outputs) > height_ - row_placement_.before ||
                         extent_of(columns_, column_placement_.outputs) > width_ - column_placement_.before;
  require(!is_padded || (code >= 0 && code <= largest_byte_),
          "it pads with the zero point of its image, which is not a byte that the image has.");
  const int64_t width = std::max(column_placement_.before + width_, extent_of(columns_, column_placement_.outputs));
  require(width * prepared_channels() < kLargestSum, "its padded image is too large.");
  padded_width_ = static_cast<int>(width);
}

void FewBitConvolution::check_filter(const Tensor& filter) {
  const bool is_depthwise = form_ == Form::kDepthwise;
  const int packed = is_depthwise ? prepared_channels() : channels_in_;
  const size_t rank = form_ == Form::kDense ? 2 : 4;
  const bool fits = filter.dims.size() == rank && filter.dims.back() == weight_bits_ * packed_words(packed) &&
                    (!is_depthwise || filter.dims[0] == 1);
  require(fits, [&] {
    return "its filter of the shape " + shape_text(filter.dims) + " does not hold " + std::to_string(weight_bits_) +
           " bits of " + std::to_string(packed) + (is_depthwise ? " channels." : " input channels.");
  });
  channels_ = is_depthwise ? packed : filter.dims[0];
}

// The input of a dense layer.
void FewBitConvolution::take_rows(const Tensor& image, Tensor& to) {
  const int64_t values = element_count(image.dims);
  const bool has_rows = !image.dims.empty() && image.dims.back() == channels_in_;
  require(values % channels_in_ == 0, [&] {
    return "its input of the shape " + shape_text(image.dims) + " has no rows of " + std::to_string(channels_in_) +
           " values.";
  });
  images_ = 1;
  height_ = 1;
  width_ = static_cast<int>(values / channels_in_);
  to.dims = has_rows ? image.dims : std::vector<int>{width_, channels_in_};
  to.dims.back() = channels_;
}

void FewBitConvolution::take_image(const Tensor& image, const Tensor& filter) {
  require(image.dims.size() == 4 && image.dims[3] == channels_in_, [&] {
    return "its image of the shape " + shape_text(image.dims) + " does not have the " + std::to_string(channels_in_) +
           " channels of its option 'channels_in'.";
  });
  images_ = image.dims[0];
  height_ = image.dims[1];
  width_ = image.dims[2];
  rows_.size = filter.dims[1];
  columns_.size = filter.dims[2];
}

// Tables of sums take time for each byte of the image, which they save with each product.
void FewBitConvolution::choose_loop() {
  loop_ = form_ == Form::kDepthwise ? kernel_.depthwise : kernel_.dots;
  if (form_ == Form::kDepthwise) return fold_columns();
  const bool has_pairs = weight_bits_ == 2 && largest_byte_ <= kLargestPairByte;
  const FewBitLoop* tables = weight_bits_ == 1 ? kernel_.look_ups : has_pairs ? kernel_.pairs : nullptr;
  if (!tables) return;
  const bool is_row = row_placement_.outputs == 1 && column_placement_.outputs == 1;
  const int least = is_row               ? kernel_.least_products.row
                    : has_pairs          ? kernel_.least_products.pairs
                    : largest_byte_ < 16 ? kernel_.least_products.narrow
                                         : kernel_.least_products.wide;
  const int64_t products = int64_t{channels_} * rows_.size * columns_.size / (rows_.stride * columns_.stride);
  if (least > 0 && products >= least) loop_ = tables;
}

// Outputs side by side lie one behind the other, as their windows do: several of few channels fill a block of the loop.
void FewBitConvolution::fold_columns() {
  folded_ = 1;
  const auto blocks = [&](int folded) {
    return (int64_t{channels_} * folded + loop_->block_channels - 1) / loop_->block_channels;
  };
  if (columns_.stride != 1 || !is_alone() || outputs[0]->whole) return;
  for (int folded = 2; folded <= kMostFolded; ++folded) {
    const bool divides = column_placement_.outputs % folded == 0;
    if (divides && blocks(folded) * folded_ < blocks(folded_) * folded) folded_ = folded;
  }
}

void FewBitConvolution::prepare_window() {
  // Bytes from 0 to the largest one; those of 8 bits as they are where the loop takes signed ones.
  shift_ = loop_->takes_signed_bytes && largest_byte_ > INT8_MAX ? 0 : -image_lowest_;
  pixel_bytes_ = loop_->pixel_bytes(prepared_channels(), largest_byte_);
  const size_t row_bytes = padded_width_ * pixel_bytes_;
  require(row_bytes * extent_of(rows_, 1) < kMostBytes, "its padded image is too large.");
  const bool joins_columns = columns_.dilation == 1 && form_ != Form::kDepthwise;
  run_taps_ = joins_columns ? static_cast<int>(columns_.size) : 1;
  run_offsets_.clear();
  for (int y = 0; y < rows_.size; ++y) {
    for (int x = 0; x < columns_.size; x += run_taps_) {
      run_offsets_.push_back(static_cast<int32_t>(y * rows_.dilation * row_bytes + x * columns_.dilation * pixel_bytes_));
    }
  }
  if (packed_by_ == loop_ && packed_folded_ == folded_) return;
  const size_t bytes = loop_->weight_bytes(filter(), run_taps_);
  require(bytes < kMostBytes, "its filter is too large.");
  weights_.reserve(bytes);
  loop_->pack_weights(filter(), run_taps_, weights_.as<uint8_t>());
  packed_by_ = loop_;
  packed_folded_ = folded_;
}

FewBitFilter FewBitConvolution::filter() const {
  return {inputs[1]->as<uint32_t>(),
          weight_bits_,
          levels_,
          channels_ * folded_,
          static_cast<int>(rows_.size * columns_.size),
          seen_channels(),
          form_ == Form::kDepthwise ? channels_ : 0};
}

// The float32 constants of all channels; null where the input is left out.
const float* FewBitConvolution::constants(size_t index, const std::string& name) const {
  if (!inputs[index]) return nullptr;
  const Tensor& tensor = input(index, name, {Type::kFloat32});
  require(tensor.is_constant && tensor.dims == std::vector<int>{channels_}, [&] {
    return "its " + name + " of the shape " + shape_text(tensor.dims) + " is not a constant for each of its " +
           std::to_string(channels_) + " channels.";
  });
  return tensor.as<float>();
}

// Folds the scales of the image and of an int8 output into the multiplier and the bias, and what the loop adds to bytes
// and leaves out of levels into the offsets: see FewBitTransform and FewBitLoop.
void FewBitConvolution::prepare_transform() {
  const Tensor &image = *inputs[0], &to = *outputs[0];
  const float* scale = constants(2, "scale");
  const float* bias = constants(3, "bias");
  require(scale, "its scale is missing.");
  const bool is_int8 = to.type == Type::kInt8;
  const double step = is_int8 ? to.scale : 1.0, zero_point = is_int8 ? to.zero_point : 0.0;
  const FewBitFilter weights = filter();
  for (auto* constants : {&multiplier_, &bias_}) constants->assign(weights.channels + kSpareChannels, 0);
  offsets_.assign(weights.channels + kSpareChannels, 0);
  for (int c = 0; c < weights.channels; ++c) {
    const int own = c % channels_;
    int32_t sum = 0;
    for (int tap = 0; tap < weights.taps; ++tap) {
      for (int in = 0; in < weights.channels_in; ++in) sum += levels_[weights.code(c, tap, in)];
    }
    offsets_[c] = -(shift_ + image.zero_point) * sum;
    multiplier_[c] = static_cast<float>(double{image.scale} * scale[own] / step);
    bias_[c] = static_cast<float>((bias ? bias[own] : 0.0) / step + zero_point);
  }
  const FloatRange range = range_of(activation_);
  lowest_ = static_cast<float>(range.lowest / step + zero_point);
  highest_ = static_cast<float>(range.highest / step + zero_point);
}

void FewBitConvolution::prepare_buffers() {
  const size_t row_bytes = padded_width_ * pixel_bytes_;
  const int outputs = row_placement_.outputs;
  const auto rows = static_cast<int64_t>(kBandBytes / row_bytes);
  band_rows_ = static_cast<int>(std::clamp<int64_t>((rows - rows_.extent()) / rows_.stride + 1, 1, outputs));
  const int bands = (outputs + band_rows_ - 1) / band_rows_;
  band_rows_ = (outputs + bands - 1) / bands;  // as even as can be
  const int64_t buffer_rows = extent_of(rows_, band_rows_);
  require(buffer_rows * row_bytes < kMostBytes, "its padded image is too large.");
  prepared_.reserve(buffer_rows * row_bytes + loop_->block_channels);  // which depthwise loops read behind a pixel
  outside_.reserve(pixel_bytes_);
  const std::vector<int8_t> pixel(prepared_channels(), static_cast<int8_t>(inputs[0]->zero_point));
  loop_->prepare_pixels(pixel.data(), 1, prepared_channels(), shift_, largest_byte_, outside_.as<uint8_t>(),
                        &outside_total_);
  if (!loop_->sums_codes) return;
  totals_.assign(buffer_rows * padded_width_, 0);
  position_offsets_.assign(static_cast<size_t>(band_rows_) * column_placement_.outputs, 0);
}

}  // namespace larq_focal
