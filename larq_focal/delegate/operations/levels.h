#pragma once

#include <vector>

#include "../base/tensor.h"
#include "../kernels/kernel.h"

namespace larq_focal {

// The steps of a quantizer, and the fastest way to take them.
class Levels {
 public:
  Levels() = default;
  // `lowest` is the code below all thresholds.
  explicit Levels(int lowest) : lowest_(lowest) {}

  // Checks the thresholds, a constant row of ascending floats, and the output of their codes. Throws Error.
  void prepare(const Tensor& thresholds, const Tensor& codes);

  // As the kernels take them. Valid until the next preparation, and as long as the thresholds.
  const LevelSteps& steps() const { return steps_; }

 private:
  void choose_rule(double step, int zero_point);
  bool is_same_by(const LevelSteps& steps) const;

  int lowest_ = 0;
  LevelSteps steps_;
};

}  // namespace larq_focal
