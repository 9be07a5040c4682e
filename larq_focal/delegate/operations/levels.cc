#include "levels.h"

#include <algorithm>
#include <cmath>
#include <limits>

namespace larq_focal {
namespace {

using Rule = LevelSteps::Rule;
constexpr int kFewLevels = 15;  // thresholds that are compared with one by one
constexpr float kInfinity = std::numeric_limits<float>::infinity();

// The code by a rule of rounding, as kernels compute it.
int rounded_code(const LevelSteps& by, float value) {
  value = by.divides ? value / by.factor : value * by.factor;
  value = value >= by.low ? value : by.low;
  value = value > by.high ? by.high : value;
  const float whole = by.rule == Rule::kHalfUp ? std::floor(value + 0.5f) : (value + 0x1.8p23f) - 0x1.8p23f;
  return static_cast<int>(whole) + by.zero_point;
}

}  // namespace

void Levels::prepare(const Tensor& thresholds, const Tensor& codes) {
  const bool is_known = thresholds.type == Type::kFloat32 && thresholds.is_constant && thresholds.dims.size() == 1;
  require(is_known, "its thresholds are not a constant row of floats.");
  const float* first = thresholds.as<float>();
  const int count = static_cast<int>(element_count(thresholds.dims));
  const bool is_ascending = !std::isnan(first[0]) && std::adjacent_find(first, first + count, [](float a, float b) {
                                                       return !(a <= b);
                                                     }) == first + count;
  require(is_ascending, "its thresholds do not ascend.");
  require(lowest_ + count <= INT8_MAX, "its codes do not fit int8.");
  steps_ = {};
  steps_.thresholds = first;
  steps_.count = count;
  steps_.lowest = lowest_;
  choose_rule(codes.scale, codes.zero_point);
}

// Quantizers round multiples of a step, by multiplying or dividing, halves up or to even. Which of these it was, if any,
// the thresholds tell.
void Levels::choose_rule(double step, int zero_point) {
  const LevelSteps plain = steps_;
  if (steps_.count <= kFewLevels) {
    steps_.rule = Rule::kCompare;
    if (steps_.count <= 2) return;
  }
  const double span = double{plain.thresholds[plain.count - 1]} - plain.thresholds[0];
  const double spacing = plain.count > 1 ? span / (plain.count - 1) : step;
  for (double factor : {step, spacing, 1 / step, 1 / spacing, std::round(1 / spacing)}) {
    if (!(factor > 0) || !std::isfinite(factor)) continue;
    const auto nearest = static_cast<float>(factor);
    for (float each : {nearest, std::nextafter(nearest, 0.0f), std::nextafter(nearest, kInfinity)}) {
      for (bool divides : {false, true}) {
        for (Rule rule : {Rule::kHalfToEven, Rule::kHalfUp}) {
          LevelSteps by = plain;
          by.rule = rule;
          by.divides = divides;
          by.factor = each;
          by.zero_point = zero_point;
          by.low = static_cast<float>(lowest_ - zero_point);
          by.high = by.low + static_cast<float>(plain.count);
          if (each > 0 && is_same_by(by)) {
            steps_ = by;
            return;
          }
        }
      }
    }
  }
}

// Rounding never falls, so it is the same everywhere if it steps at each threshold, by one.
bool Levels::is_same_by(const LevelSteps& steps) const {
  for (int i = 0; i < steps.count; ++i) {
    const float threshold = steps.thresholds[i];
    const bool steps_here = rounded_code(steps, threshold) == lowest_ + i + 1 &&
                            rounded_code(steps, std::nextafter(threshold, -kInfinity)) == lowest_ + i;
    if (!steps_here) return false;
  }
  return true;
}

}  // namespace larq_focal
