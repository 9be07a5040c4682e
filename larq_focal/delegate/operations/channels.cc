#include "channels.h"

#include <algorithm>

namespace larq_focal {
namespace {

// Calls visit(pixel of the value, pixel of the result) for all pixels.
template <typename Visit>
void for_pixels(ThreadPool& threads, const Tensor& value, const Tensor& result, const Visit& visit) {
  threads.parallel_for(pixel_count(value.dims), [&](int64_t begin, int64_t end) {
    for (int64_t pixel = begin; pixel < end; ++pixel) {
      visit(value.as<float>() + pixel * value.pixel_stride(), result.as<float>() + pixel * result.pixel_stride());
    }
  });
}

void copy_channels(ThreadPool& threads, const Tensor& value, const Tensor& result, int first_channel) {
  if (value.whole == &result && value.first_channel == first_channel) return;
  const int channels = value.dims.back();
  for_pixels(threads, value, result,
             [=](const float* from, float* to) { std::copy(from, from + channels, to + first_channel); });
}

bool have_same_pixels(const Tensor& left, const Tensor& right) {
  return left.dims.size() == right.dims.size() &&
         std::equal(left.dims.begin(), left.dims.end() - 1, right.dims.begin());
}

}  // namespace

void Concatenation::prepare() {
  require(!inputs.empty(), "it has no inputs.");
  require_counts(inputs.size(), 1);
  Tensor& to = output(0, {Type::kFloat32});
  int64_t channels = 0;
  for (size_t i = 0; i < inputs.size(); ++i) {
    const Tensor& from = input(i, "input", {Type::kFloat32});
    require(!from.dims.empty() && have_same_pixels(from, *inputs[0]), [&] {
      return "its inputs have the shapes " + shape_text(inputs[0]->dims) + " and " + shape_text(from.dims) + ".";
    });
    const bool is_first = std::find(inputs.begin(), inputs.begin() + i, &from) == inputs.begin() + i;
    require(from.whole != &to || !is_first || from.first_channel == channels, [&] {
      return "its input of the shape " + shape_text(from.dims) +
             " lies behind others that do not have the channels which the model tells.";
    });
    channels += from.dims.back();
  }
  to.dims = inputs[0]->dims;
  to.dims.back() = static_cast<int>(std::min<int64_t>(channels, INT32_MAX));
  element_count(to.dims);
}

void Concatenation::run(ThreadPool& threads) {
  int first_channel = 0;
  for (const Tensor* from : inputs) {
    copy_channels(threads, *from, *outputs[0], first_channel);
    first_channel += from->dims.back();
  }
}

void ChannelPadding::prepare() {
  const Tensor& from = input(0, "input", {Type::kFloat32});
  require(!from.dims.empty() && outputs.size() == 1, "its input has no channels.");
  Tensor& to = output(0, {Type::kFloat32});
  const int64_t channels = int64_t{before_} + from.dims.back() + behind_;
  to.dims = from.dims;
  to.dims.back() = static_cast<int>(std::min<int64_t>(channels, INT32_MAX));
  element_count(to.dims);
}

void ChannelPadding::run(ThreadPool& threads) {
  const int before = before_, behind = behind_, channels = inputs[0]->dims.back();
  for_pixels(threads, *inputs[0], *outputs[0], [=](const float* from, float* to) {
    std::fill(to, to + before, 0.0f);
    std::copy(from, from + channels, to + before);
    std::fill(to + before + channels, to + before + channels + behind, 0.0f);
  });
}

void SliceAddition::prepare() {
  require_counts(2, 1);
  const Tensor& sum = input(0, "first input", {Type::kFloat32});
  const Tensor& slice = input(1, "second input", {Type::kFloat32});
  require(
      !sum.dims.empty() && have_same_pixels(sum, slice) &&
          int64_t{first_channel_} + slice.dims.back() <= sum.dims.back(),
      [&] { return "its inputs have the shapes " + shape_text(sum.dims) + " and " + shape_text(slice.dims) + "."; });
  output(0, {Type::kFloat32}).dims = sum.dims;
}

void SliceAddition::run(ThreadPool& threads) {
  copy_channels(threads, *inputs[0], *outputs[0], 0);
  if (inputs[1]->whole == outputs[0]) return;  // whoever made it has added it
  const int first = first_channel_, channels = inputs[1]->dims.back();
  for_pixels(threads, *inputs[1], *outputs[0], [=](const float* from, float* to) {
    for (int c = 0; c < channels; ++c) to[first + c] += from[c];
  });
}

}  // namespace larq_focal
