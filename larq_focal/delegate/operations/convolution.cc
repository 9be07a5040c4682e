#include "convolution.h"

#include <algorithm>
#include <numeric>

namespace larq_focal {
namespace {

constexpr int64_t kLargestImageWords = int64_t{1} << 26;  // of one padded image
constexpr int64_t kLargestWindow = int64_t{1} << 29;      // products of one output: twice that still fits 32 bits

int round_up(int value, int multiple) { return (value + multiple - 1) / multiple * multiple; }

}  // namespace

BinaryConvolution::BinaryConvolution(const Options& options, const Kernel& kernel)
    : kernel_(kernel),
      channels_in_(options.get("channels_in", 1, kLargestOption)),
      pad_value_(options.get("pad_values", 0, 1)),
      activation_(static_cast<Activation>(options.get("fused_activation_function", 0, 3))) {
  auto padding = static_cast<Padding>(options.get("padding", 0, 1));
  rows_ = {1, options.get("stride_height", 1, kLargestOption), options.get("dilation_height_factor", 1, kLargestOption),
           padding};
  columns_ = {1, options.get("stride_width", 1, kLargestOption),
              options.get("dilation_width_factor", 1, kLargestOption), padding};
}

void BinaryConvolution::prepare() {
  require_operands(5);
  const Tensor& image = input(0, "image", {Type::kPacked});
  const Tensor& filter = input(1, "filter", {Type::kPacked});
  require(filter.is_constant, "its filter is not a constant.");
  prepare_shapes(image, filter);
  prepare_window(image);
  prepare_transform();
  pack_weights(filter);
  prepare_table();
}

// The sizes of everything, from those of the image and the filter.
void BinaryConvolution::prepare_shapes(const Tensor& image, const Tensor& filter) {
  require(image.dims.size() == 4 && filter.dims.size() == 4, [&] {
    return "its image " + shape_text(image.dims) + " or its filter " + shape_text(filter.dims) +
           " does not have four dimensions.";
  });
  require(image.dims[3] == packed_words(channels_in_), [&] {
    return "its image of the shape " + shape_text(image.dims) + " does not hold the " + std::to_string(channels_in_) +
           " channels of its option 'channels_in'.";
  });
  channels_ = filter.dims[0];
  rows_.size = filter.dims[1];
  columns_.size = filter.dims[2];
  group_words_ = filter.dims[3];
  groups_ = image.dims[3] / group_words_;
  bool has_groups = groups_ >= 1 && image.dims[3] % group_words_ == 0 && channels_ % groups_ == 0 &&
                    (groups_ == 1 || channels_in_ % (32 * groups_) == 0);
  require(has_groups, [&] {
    return "its filter of the shape " + shape_text(filter.dims) + " does not fit " + std::to_string(channels_in_) +
           " input channels: groups have multiples of 32.";
  });
  int64_t products = rows_.size * columns_.size * group_words_ * 32;
  require(products < kLargestWindow, "its window is too large.");

  row_placement_ = place(rows_, image.dims[1]);
  column_placement_ = place(columns_, image.dims[2]);
  int64_t height = (row_placement_.outputs - 1) * rows_.stride + rows_.extent();
  int64_t width = (column_placement_.outputs - 1) * columns_.stride + columns_.extent();
  is_padded_ =
      row_placement_.before > 0 || column_placement_.before > 0 || height > image.dims[1] || width > image.dims[2];
  if (!is_padded_) {
    height = image.dims[1];
    width = image.dims[2];
  }
  int64_t most = kLargestImageWords / image.dims[3];
  require(height <= most && width <= most / height, "its padded image is too large.");
  padded_height_ = static_cast<int>(height);
  padded_width_ = static_cast<int>(width);

  Tensor& to = output(0, {Type::kFloat32, Type::kInt8, Type::kPacked});
  to.dims = {image.dims[0], row_placement_.outputs, column_placement_.outputs, channels_};
  element_count(to.dims);
  prepare_fused(to.dims);
  if (to.type == Type::kPacked) to.dims[3] = packed_words(channels_);
}

void BinaryConvolution::prepare_window(const Tensor& image) {
  run_offsets_.clear();
  const int image_words = image.dims[3], row_words = padded_width_ * image_words;
  if (is_padded_) padded_image_.reserve(size_t{1} * padded_height_ * row_words * sizeof(uint32_t));
  has_few_channels_ = !kernel_.is_plain && image_words == 1 && WindowBits::is_shorter(rows_, columns_, channels_in_);
  if (has_few_channels_) {
    row_step_ = column_placement_.outputs;
    column_step_ = 1;
    window_bits_.prepare(rows_, columns_, channels_in_, padded_width_, column_placement_.outputs);
    const int32_t positions = row_placement_.outputs * column_placement_.outputs;
    for (int word = 0; word < window_bits_.words(); ++word) run_offsets_.push_back(word * positions);
    window_ = {run_offsets_.data(), window_bits_.words(), 1};
    windows_.reserve(size_t{1} * positions * window_.words() * sizeof(uint32_t));
    return;
  }
  const bool joins_columns = groups_ == 1 && columns_.dilation == 1;
  for (int y = 0; y < rows_.size; ++y) {
    for (int x = 0; x < (joins_columns ? 1 : columns_.size); ++x) {
      run_offsets_.push_back(
          static_cast<int32_t>(y * rows_.dilation * row_words + x * columns_.dilation * image_words));
    }
  }
  int run_words = joins_columns ? static_cast<int>(columns_.size) * group_words_ : group_words_;
  window_ = {run_offsets_.data(), static_cast<int>(run_offsets_.size()), run_words};
  row_step_ = static_cast<ptrdiff_t>(rows_.stride) * row_words;
  column_step_ = static_cast<ptrdiff_t>(columns_.stride) * image_words;
}

// The float32 constants of all channels; null where the input is left out.
const float* BinaryConvolution::constants(size_t index, const std::string& name) const {
  if (!inputs[index]) return nullptr;
  const Tensor& tensor = input(index, name, {Type::kFloat32});
  require(tensor.is_constant && tensor.dims == std::vector<int>{channels_}, [&] {
    return "its " + name + " of the shape " + shape_text(tensor.dims) + " is not a constant for each of its " +
           std::to_string(channels_) + " channels.";
  });
  return tensor.as<float>();
}

// Folds the scale of int8 into the multiplier and the bias, and the number of products into the bias, as LCE does: which
// step is the nearest depends on that rounding. Floats are of whole sums.
void BinaryConvolution::prepare_transform() {
  const Tensor& to = *outputs[0];
  if (to.type == Type::kPacked) {
    require(!is_padded_ || pad_value_ == 1, "zero padding (pad_values 0) has no packed output: use pad_values 1.");
    // LiteRT has one type for words and for thresholds.
    const Tensor& given = input(4, "threshold", {Type::kPacked});
    require(given.is_constant && given.dims == std::vector<int>{channels_}, [&] {
      return "its threshold is not a constant for each of its " + std::to_string(channels_) + " channels.";
    });
    threshold_.assign(given.as<int32_t>(), given.as<int32_t>() + channels_);
    threshold_.resize(channels_ + kSpareChannels);
    return;
  }
  const int group_channels_in = channels_in_ / groups_;
  const auto products = static_cast<int32_t>(rows_.size * columns_.size * group_channels_in);
  const float* multiplier = constants(2, "multiplier");
  const float* bias = constants(3, "bias");
  const double scale = to.type == Type::kInt8 ? to.scale : 1.0;
  const double zero_point = to.type == Type::kInt8 ? to.zero_point : 0.0;
  const int32_t in_bias = to.type == Type::kInt8 ? products : 0;
  products_ = products - in_bias;
  multiplier_.assign(channels_ + kSpareChannels, 0);
  bias_.assign(channels_ + kSpareChannels, 0);
  for (int c = 0; c < channels_; ++c) {
    const double factor = multiplier ? multiplier[c] : 1.0;
    multiplier_[c] = static_cast<float>(factor / scale);
    bias_[c] = static_cast<float>(((bias ? bias[c] : 0.0) + in_bias * factor) / scale + zero_point);
  }
  FloatRange range = range_of(activation_);
  lowest_ = static_cast<int32_t>(std::max<float>(range.lowest, -products)) - in_bias;
  highest_ = static_cast<int32_t>(std::min<float>(range.highest, products)) - in_bias;
  edge_sums_.clear();
  if (is_padded_ && pad_value_ == 0) {
    edge_sums_.compute(inputs[1]->as<uint32_t>(), channels_, group_words_, group_channels_in, rows_, columns_,
                       row_placement_, column_placement_, inputs[0]->dims[1], inputs[0]->dims[2]);
  }
}

void BinaryConvolution::pack_weights(const Tensor& filter) {
  if (has_weights_) return;
  const int group_channels = channels_ / groups_;
  const int padded_channels = round_up(group_channels, kernel_.block_channels);
  group_weights_ = static_cast<size_t>(padded_channels) * window_.words() * kernel_.weight_words;
  require(group_weights_ * groups_ < (size_t{1} << 30), "its filter is too large.");
  weights_.reserve(group_weights_ * groups_ * sizeof(uint32_t));
  has_weights_ = true;
  if (has_few_channels_) {
    std::vector<uint32_t> packed(static_cast<size_t>(channels_) * window_.words());
    window_bits_.pack_filter(filter.as<uint32_t>(), channels_, packed.data());
    kernel_.pack_weights(packed.data(), channels_, window_.words(), weights_.as<uint32_t>());
    return;
  }
  for (int group = 0; group < groups_; ++group) {
    const uint32_t* from = filter.as<uint32_t>() + static_cast<size_t>(group) * group_channels * window_.words();
    kernel_.pack_weights(from, group_channels, window_.words(), weights_.as<uint32_t>() + group * group_weights_);
  }
}

// Where a window has few bits and its outputs depend on nothing else, they are looked up. The table is what the kernel
// gives for all windows, which lie side by side like an image of one row.
void BinaryConvolution::prepare_table() {
  const Tensor& to = *outputs[0];
  size_t row_bytes = to.is_stored ? to.dims[3] * element_bytes(to.type) : 0;
  if (quantized_) row_bytes += quantized_->dims[3] * element_bytes(quantized_->type);
  has_table_ = has_few_channels_ && edge_sums_.empty() && are_steps_constant() &&
               OutputTable::is_small(window_bits_.bits(), row_bytes);
  if (!has_table_) return;
  const int entries = 1 << window_bits_.bits();
  std::vector<uint32_t> windows(entries);
  std::iota(windows.begin(), windows.end(), 0);
  if (to.is_stored) output_table_.resize(entries, to);
  if (quantized_) quantized_table_.resize(entries, *quantized_);
  const Tensor& values = to.is_stored ? output_table_.entries() : to;
  Convolution task = group_task(0, 0, windows.data(), values, quantized_ ? &quantized_table_.entries() : nullptr);
  task.output_width = entries;
  for (int channel = 0; channel < channels_; channel += kernel_.block_channels) {
    kernel_.convolve(task, channel, 0, entries);
  }
}

}  // namespace larq_focal
