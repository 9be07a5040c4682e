#include "elementwise.h"

#include <algorithm>

namespace larq_focal {
namespace {

template <FloatStep::Kind kind>
void compute(const float* operands, int channels, float* values) {
  for (int c = 0; c < channels; ++c) {
    const float value = values[c], operand = operands[c];
    values[c] = kind == FloatStep::Kind::kMultiply ? value * operand
                : kind == FloatStep::Kind::kAdd    ? value + operand
                : value >= 0                       ? value
                                                   : value * operand;
  }
}

}  // namespace

void take_step(const FloatStep& step, const float* operands, int channels, float* values) {
  switch (step.kind) {
    case FloatStep::Kind::kMultiply:
      compute<FloatStep::Kind::kMultiply>(operands, channels, values);
      break;
    case FloatStep::Kind::kAdd:
      compute<FloatStep::Kind::kAdd>(operands, channels, values);
      break;
    case FloatStep::Kind::kPrelu:
      compute<FloatStep::Kind::kPrelu>(operands, channels, values);
      break;
  }
  if (!step.is_clamped) return;
  for (int c = 0; c < channels; ++c) {
    values[c] = values[c] < step.lowest ? step.lowest : values[c] > step.highest ? step.highest : values[c];
  }
}

int Elementwise::value_side() const {
  const std::vector<int>&left = inputs[0]->dims, &right = inputs[1]->dims;
  if (!takes_either_side() || !is_row(left)) return 0;
  if (!is_row(right) || left.size() != right.size()) return !is_row(right) || left.size() < right.size();
  return !left.empty() && left.back() < right.back();
}

void Elementwise::prepare() {
  require_counts(2, 1);
  for (size_t side = 0; side < 2; ++side) input(side, "input", {Type::kFloat32});
  const Tensor& value = *inputs[value_side()];
  require(!value.dims.empty(), "its input has no channels.");
  own_step_ = {};
  own_step_.append(step(value_side()));
  own_step_.prepare(value.dims);
  output(0, {Type::kFloat32}).dims = value.dims;
}

void Elementwise::run(ThreadPool& threads) {
  const Tensor& value = *inputs[value_side()];
  const FloatStep step = own_step_.at(0, 0).first[0];
  const int channels = value.dims.back();
  threads.parallel_for(pixel_count(value.dims), [&](int64_t begin, int64_t end) {
    for (int64_t pixel = begin; pixel < end; ++pixel) {
      const float* from = value.as<float>() + pixel * value.pixel_stride();
      float* to = outputs[0]->as<float>() + pixel * outputs[0]->pixel_stride();
      std::copy(from, from + channels, to);
      take_step(step, step.values + pixel * step.stride, channels, to);
    }
  });
}

}  // namespace larq_focal
