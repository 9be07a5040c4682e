// Operations that gather channels of several values in one. Where the network makes the values views of the result
// (Tensor::whole), there is nothing left to move.
#pragma once

#include "operation.h"

namespace larq_focal {

// CONCATENATION of float32 values along their channels.
class Concatenation : public Operation {
 public:
  void prepare() override;
  void run(ThreadPool& threads) override;
  bool writes_views() const override { return true; }
};

// PAD of a float32 value with zeros before and behind its channels.
class ChannelPadding : public Operation {
 public:
  ChannelPadding(int before, int behind) : before_(before), behind_(behind) {}

  void prepare() override;
  void run(ThreadPool& threads) override;

  int before() const { return before_; }

 private:
  int before_, behind_;
};

// Adds the second input to those channels of the first that begin at `first_channel`: what is left of an addition of a
// padded value. MeliusNet's improvement blocks are made of these.
class SliceAddition : public Operation {
 public:
  explicit SliceAddition(int first_channel) : first_channel_(first_channel) {}

  void prepare() override;
  void run(ThreadPool& threads) override;
  bool writes_views() const override { return true; }

  int first_channel() const { return first_channel_; }

 private:
  int first_channel_;
};

}  // namespace larq_focal
