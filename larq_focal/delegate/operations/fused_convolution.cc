#include "fused_convolution.h"

namespace larq_focal {

// Each output is computed from the operands at its own place only.
const Tensor* FusedConvolution::overwritable_input() const {
  for (const Tensor* operand : steps_.operands()) {
    if (!operand->is_constant && !operand->whole && operand->dims == outputs[0]->dims) return operand;
  }
  return nullptr;
}

void FusedConvolution::take_in(const ElementwiseStep& step, Tensor* result) {
  steps_.append(step);
  inputs.push_back(step.operand);
  outputs[0] = result;
}

void FusedConvolution::take_in_signs(const FusedSteps& steps, Tensor* signs) { take_in_quantizer(steps, signs); }

void FusedConvolution::take_in_levels(const FusedSteps& steps, const Levels& levels, const Tensor* thresholds,
                                      Tensor* codes) {
  levels_ = levels;
  thresholds_ = thresholds;
  take_in_quantizer(steps, codes);
}

void FusedConvolution::take_in_quantizer(const FusedSteps& steps, Tensor* result) {
  quantized_steps_ = steps;
  for (Tensor* operand : steps.operands()) inputs.push_back(operand);
  quantized_ = result;
  outputs.push_back(result);
}

void FusedConvolution::require_operands(size_t own) const {
  require_counts(own + steps_.count() + quantized_steps_.count(), quantized_ ? 2 : 1);
}

void FusedConvolution::prepare_fused(const std::vector<int>& dims) {
  steps_.prepare(dims);
  quantized_steps_.prepare(dims);
  if (!quantized_) return;
  quantized_->dims = dims;
  if (thresholds_) {
    levels_.prepare(*thresholds_, output(1, {Type::kInt8}));
  } else {
    output(1, {Type::kPacked}).dims.back() = packed_words(dims.back());
  }
}

void FusedConvolution::aim(Destination& destination, const Tensor& to, const Tensor* quantized, ptrdiff_t position,
                           int channel) {
  const Tensor* packed = to.type == Type::kPacked ? &to : quantized && !thresholds_ ? quantized : nullptr;
  if (packed) {
    destination.word_stride = packed->dims.back();
    destination.words = packed->as<uint32_t>() + position * destination.word_stride + channel / 32;
    destination.bit_offset = channel % 32;
  }
  if (to.type == Type::kPacked) return;
  if (to.type == Type::kInt8) {
    destination.byte_stride = to.dims.back();
    destination.bytes = to.as<int8_t>() + position * destination.byte_stride + channel;
  } else if (to.is_stored) {
    destination.float_stride = to.pixel_stride();
    destination.floats = to.as<float>() + position * destination.float_stride + channel;
  }
  destination.steps = steps_.at(position, channel);
  destination.quantized_steps = quantized_steps_.at(position, channel);
  if (!quantized || !thresholds_) return;
  destination.levels = &levels_.steps();
  destination.code_stride = quantized->dims.back();
  destination.codes = quantized->as<int8_t>() + position * destination.code_stride + channel;
}

}  // namespace larq_focal
