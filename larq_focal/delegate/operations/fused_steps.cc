#include "fused_steps.h"

#include <algorithm>
#include <limits>

#include "../base/errors.h"

namespace larq_focal {
namespace {

constexpr float kInfinity = std::numeric_limits<float>::infinity();

}  // namespace

bool FloatRange::is_all() const { return lowest == -kInfinity && highest == kInfinity; }

FloatRange range_of(Activation activation) {
  switch (activation) {
    case Activation::kNone:
      return {-kInfinity, kInfinity};
    case Activation::kRelu:
      return {0, kInfinity};
    case Activation::kReluN1To1:
      return {-1, 1};
    case Activation::kRelu6:
      return {0, 6};
  }
  throw Error("its fused activation is unknown.");
}

bool is_channelwise(const Tensor& operand, int channels) {
  if (!is_row(operand.dims)) return false;
  const int values = operand.dims.empty() ? 1 : operand.dims.back();
  return values == channels || (values == 1 && operand.is_constant);
}

std::vector<Tensor*> FusedSteps::operands() const {
  std::vector<Tensor*> tensors;
  for (const Step& step : steps_) tensors.push_back(step.step.operand);
  return tensors;
}

bool FusedSteps::are_constant() const {
  return std::all_of(steps_.begin(), steps_.end(),
                     [](const Step& step) { return step.is_channelwise && step.step.operand->is_constant; });
}

void FusedSteps::prepare(const std::vector<int>& dims) {
  channels_ = dims.back();
  resolved_.reserve(steps_.size());
  for (Step& step : steps_) {
    const Tensor& operand = *step.step.operand;
    require(operand.type == Type::kFloat32, "an operand has a type that it cannot take.");
    step.is_channelwise = is_channelwise(operand, channels_);
    require(step.is_channelwise || operand.dims == dims, [&] {
      return "its inputs have the shapes " + shape_text(dims) + " and " + shape_text(operand.dims) + ".";
    });
    step.spread.clear();
    const bool is_one = element_count(operand.dims) == 1 && channels_ > 1;
    if (is_one) step.spread.assign(channels_, *operand.as<float>());
  }
}

FloatSteps FusedSteps::at(ptrdiff_t position, int channel) {
  resolved_.clear();
  for (const Step& step : steps_) {
    const ElementwiseStep& from = step.step;
    FloatStep to{};
    to.kind = from.kind;
    to.stride = step.is_channelwise ? 0 : from.operand->pixel_stride();
    to.values = (step.spread.empty() ? from.operand->as<float>() : step.spread.data()) + position * to.stride + channel;
    to.is_clamped = !from.range.is_all();
    to.lowest = from.range.lowest;
    to.highest = from.range.highest;
    resolved_.push_back(to);
  }
  return {resolved_.data(), static_cast<int>(resolved_.size())};
}

}  // namespace larq_focal
