#pragma once

#include <vector>

#include "../base/tensor.h"
#include "../kernels/kernel.h"

namespace larq_focal {

enum class Activation { kNone = 0, kRelu = 1, kReluN1To1 = 2, kRelu6 = 3 };

struct FloatRange {
  float lowest, highest;

  bool is_all() const;
};

// What an activation clamps to. Throws Error.
FloatRange range_of(Activation activation);

// Whether the operand has one value for each of so many channels, or is a constant with one for all.
bool is_channelwise(const Tensor& operand, int channels);

// y * v, y + v or PRELU, each with a range that clamps the result. `operand` has the shape of y, or one value for each
// channel, or one for all.
struct ElementwiseStep {
  FloatStep::Kind kind;
  Tensor* operand;
  FloatRange range;
};

// Elementwise operations that another operation takes in, so that its values go through them on their way.
class FusedSteps {
 public:
  void append(const ElementwiseStep& step) { steps_.push_back({step, {}}); }
  void prepend(const ElementwiseStep& step) { steps_.insert(steps_.begin(), {step, {}}); }

  size_t count() const { return steps_.size(); }
  std::vector<Tensor*> operands() const;

  // Whether they do the same to a channel at all positions, in every run.
  bool are_constant() const;

  // Checks the operands against the value that goes through, and spreads those that are one number. Throws Error.
  void prepare(const std::vector<int>& dims);

  // As the kernels take them, from this position and channel on. Valid until the next call.
  FloatSteps at(ptrdiff_t position, int channel);

 private:
  struct Step {
    ElementwiseStep step;
    std::vector<float> spread;  // an operand that has the same value for all channels
    bool is_channelwise = false;
  };

  std::vector<Step> steps_;
  std::vector<FloatStep> resolved_;
  int channels_ = 0;
};

}  // namespace larq_focal
