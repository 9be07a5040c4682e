#pragma once

#include "operation.h"

namespace larq_focal {

// LceQuantize: float32, int8 or bool to signs, 32 to a word. Channelwise operations before it can be taken in.
class Quantize : public OperationWithSteps {
 public:
  explicit Quantize(const Kernel& kernel) : kernel_(kernel) {}

  void prepare() override;
  void run(ThreadPool& threads) override;

 private:
  const Kernel& kernel_;
};

// LceDequantize: signs to float32, int8 or bool.
class Dequantize : public Operation {
 public:
  void prepare() override;
  void run(ThreadPool& threads) override;
};

}  // namespace larq_focal
