#pragma once

#include "levels.h"
#include "operation.h"
#include "options.h"

namespace larq_focal {

// LqfQuantize: float32 to int8, whose codes rise by one at each threshold. Channelwise operations before it can be taken
// in.
//
// Inputs: the value, and the thresholds (float32, ascending). The option `lowest` is the code below all of these.
class QuantizeLevels : public OperationWithSteps {
 public:
  // Throws Error.
  QuantizeLevels(const Options& options, const Kernel& kernel);

  void prepare() override;
  void run(ThreadPool& threads) override;

  const Levels& levels() const { return levels_; }
  const Tensor* thresholds() const { return inputs[1]; }

 private:
  const Kernel& kernel_;
  Levels levels_;
};

}  // namespace larq_focal
