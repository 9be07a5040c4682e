#include "channel_mean.h"

#include <algorithm>

namespace larq_focal {
namespace {

constexpr int kBlock = 32;  // channels summed together

}  // namespace

void ChannelMean::prepare() {
  require_operands();
  const Tensor& from = input(0, "input", {Type::kFloat32});
  require(from.dims.size() == 4,
          [&] { return "its input has the shape " + shape_text(from.dims) + ", not four dimensions."; });
  require(from.dims[1] == height_ && from.dims[2] == width_, [&] {
    return "its input has the shape " + shape_text(from.dims) + ", and its window " + std::to_string(height_) + " by " +
           std::to_string(width_) + " does not cover the image.";
  });
  steps_.prepare(from.dims);
  own_steps_.resize(static_cast<size_t>(from.dims[0]) * blocks() * steps_.count());
  output(0, {Type::kFloat32}).dims = {from.dims[0], 1, 1, from.dims[3]};
}

void ChannelMean::run(ThreadPool& threads) {
  const std::vector<int>& dims = inputs[0]->dims;
  const int blocks = this->blocks();
  const FloatSteps steps = steps_.at(0, 0);
  const int64_t tasks = int64_t{dims[0]} * blocks;
  const ptrdiff_t pixels = ptrdiff_t{dims[1]} * dims[2];
  // The steps of each task begin at its own image and channel.
  threads.parallel_for(tasks, [&](int64_t begin, int64_t end) {
    for (int64_t i = begin; i < end; ++i) {
      const int image = static_cast<int>(i / blocks), channel = static_cast<int>(i % blocks) * kBlock;
      FloatStep* own = own_steps_.data() + i * steps.count;
      std::copy(steps.first, steps.first + steps.count, own);
      for (int s = 0; s < steps.count; ++s) {
        own[s].values = steps.first[s].values + image * pixels * steps.first[s].stride + channel;
      }
      sum(image, channel, std::min(kBlock, dims[3] - channel), {own, steps.count});
    }
  });
}

int ChannelMean::blocks() const { return (inputs[0]->dims[3] + kBlock - 1) / kBlock; }

void ChannelMean::sum(int image, int first_channel, int channels, const FloatSteps& steps) const {
  const Tensor& from = *inputs[0];
  const ptrdiff_t pixels = ptrdiff_t{from.dims[1]} * from.dims[2], start = image * pixels;
  float sums[kBlock] = {};
  kernel_.sum_floats(from.as<float>() + start * from.pixel_stride() + first_channel, from.pixel_stride(), pixels,
                     channels, steps, sums);
  float* means = outputs[0]->as<float>() + ptrdiff_t{image} * from.dims[3] + first_channel;
  for (int c = 0; c < channels; ++c) {
    means[c] = std::min(std::max(sums[c] / static_cast<float>(pixels), range_.lowest), range_.highest);
  }
}

}  // namespace larq_focal
