#pragma once

#include "operation.h"

namespace larq_focal {

// ADD of two float32 values of the same shape. The delegate claims it where it follows a binary convolution.
class Add : public Operation {
 public:
  explicit Add(Activation activation) : range_(range_of(activation)) {}

  void prepare() override;
  void run(ThreadPool& threads) override;

  FloatRange range() const { return range_; }

 private:
  FloatRange range_;
};

}  // namespace larq_focal
