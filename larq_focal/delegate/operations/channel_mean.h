#pragma once

#include "operation.h"

namespace larq_focal {

// AVERAGE_POOL_2D over the whole image. Elementwise operations before it can be taken in.
//
// Sums pixel after pixel, as LiteRT's own kernel does, so that the result is the same to the last bit.
class ChannelMean : public OperationWithSteps {
 public:
  // The image must be of this size.
  ChannelMean(const Kernel& kernel, int height, int width, Activation activation)
      : kernel_(kernel), height_(height), width_(width), range_(range_of(activation)) {}

  void prepare() override;
  void run(ThreadPool& threads) override;

 private:
  int blocks() const;  // of channels that are summed together
  void sum(int image, int first_channel, int channels, const FloatSteps& steps) const;

  const Kernel& kernel_;
  int height_, width_;
  FloatRange range_;
  std::vector<FloatStep> own_steps_;  // of each image and block
};

}  // namespace larq_focal
