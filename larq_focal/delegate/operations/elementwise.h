#pragma once

#include "operation.h"

namespace larq_focal {

// MUL, ADD or PRELU of float32 values. The delegate claims it beside a binary operation, which mostly takes it in.
//
// The second input has the shape of the first, or one value for each channel, or one for all; MUL and ADD take their
// inputs in either order.
class Elementwise : public Operation {
 public:
  Elementwise(FloatStep::Kind kind, Activation activation) : kind_(kind), range_(range_of(activation)) {}

  void prepare() override;
  void run(ThreadPool& threads) override;
  bool writes_views() const override { return true; }

  // The operation on the input number `side` by the other one.
  ElementwiseStep step(int side) const { return {kind_, inputs[1 - side], range_}; }

  // The input that the other one is for: that with more values.
  int value_side() const;

  bool is_plain_addition() const { return kind_ == FloatStep::Kind::kAdd && range_.is_all(); }
  bool takes_either_side() const { return kind_ != FloatStep::Kind::kPrelu; }

 private:
  FloatStep::Kind kind_;
  FloatRange range_;
  FusedSteps own_step_;
};

// Takes values through a step, in place.
void take_step(const FloatStep& step, const float* operands, int channels, float* values);

}  // namespace larq_focal
