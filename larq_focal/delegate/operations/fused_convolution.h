#pragma once

#include "levels.h"
#include "operation.h"

namespace larq_focal {

// A convolution that takes in what follows it: elementwise operations on its float output, and a quantizer behind these.
class FusedConvolution : public Operation {
 public:
  const Tensor* overwritable_input() const override;
  bool writes_views() const override { return outputs[0]->type == Type::kFloat32; }

  // Whether it takes in one more operation.
  bool takes_more() const { return outputs.size() == 1 && outputs[0]->type == Type::kFloat32; }

  // Takes in an elementwise operation on the float output, which becomes `result`.
  void take_in(const ElementwiseStep& step, Tensor* result);

  // Takes in a quantizer with its steps, whose output is the second. The float output itself need not be stored then.
  void take_in_signs(const FusedSteps& steps, Tensor* signs);
  void take_in_levels(const FusedSteps& steps, const Levels& levels, const Tensor* thresholds, Tensor* codes);

 protected:
  // Checks how many inputs and outputs there are; `own` inputs are not of what was taken in. Throws Error.
  void require_operands(size_t own) const;

  // Sets the shape of the quantizer's output, and prepares all steps, for a float output of this shape. Throws Error.
  void prepare_fused(const std::vector<int>& dims);

  // Points to where outputs go, from a position and a channel on: `to`, and unless it is null what is quantized.
  void aim(Destination& destination, const Tensor& to, const Tensor* quantized, ptrdiff_t position, int channel);

  // Whether it gives its output as it is, and nothing else.
  bool is_alone() const { return steps_.count() == 0 && !quantized_; }

  bool are_steps_constant() const { return steps_.are_constant() && quantized_steps_.are_constant(); }

  Tensor* quantized_ = nullptr;  // signs or codes of the float output

 private:
  void take_in_quantizer(const FusedSteps& steps, Tensor* result);

  FusedSteps steps_;            // on the float output
  FusedSteps quantized_steps_;  // between the float output and the quantizer
  Levels levels_;
  const Tensor* thresholds_ = nullptr;  // of the levels
};

}  // namespace larq_focal
