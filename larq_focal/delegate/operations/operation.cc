#include "operation.h"

#include <algorithm>

#include "convolution.h"
#include "few_bit_convolution.h"
#include "max_pool.h"
#include "options.h"
#include "quantize.h"
#include "quantize_levels.h"

namespace larq_focal {

void Operation::require_counts(size_t input_count, size_t output_count) const {
  require(inputs.size() == input_count && outputs.size() == output_count, [&] {
    return "it has " + std::to_string(inputs.size()) + " inputs and " + std::to_string(outputs.size()) +
           " outputs, not " + std::to_string(input_count) + " and " + std::to_string(output_count) + ".";
  });
}

const Tensor& Operation::input(size_t index, const std::string& name, const std::vector<Type>& types) const {
  require(index < inputs.size() && inputs[index], [&] { return "its " + name + " is missing."; });
  const Tensor& tensor = *inputs[index];
  bool fits = std::find(types.begin(), types.end(), tensor.type) != types.end();
  require(fits, [&] { return "its " + name + " has a type that it cannot take."; });
  element_count(tensor.dims);
  return tensor;
}

Tensor& Operation::output(size_t index, const std::vector<Type>& types) const {
  Tensor& tensor = *outputs.at(index);
  bool fits = std::find(types.begin(), types.end(), tensor.type) != types.end();
  require(fits, "its output has a type that it cannot give.");
  bool is_scaled = tensor.scale > 0 && tensor.zero_point >= -128 && tensor.zero_point <= 127;
  require(tensor.type != Type::kInt8 || is_scaled, "its int8 output has no valid scale and zero point.");
  return tensor;
}

void OperationWithSteps::take_in(Tensor* value, const ElementwiseStep& step) {
  steps_.prepend(step);
  inputs[0] = value;
  inputs.resize(own_inputs_);
  for (Tensor* operand : steps_.operands()) inputs.push_back(operand);
}

bool is_custom_operation(const std::string& name) {
  return name == "LceQuantize" || name == "LceDequantize" || name == "LceBMaxPool2d" || name == "LceBconv2d" ||
         name == "LqfQuantize" || name == "LqfConv2d" || name == "LqfDepthwiseConv2d" || name == "LqfFullyConnected";
}

std::unique_ptr<Operation> make_custom_operation(const std::string& name, const void* options, size_t options_bytes,
                                                 const Kernel& kernel) {
  if (name == "LceQuantize") return std::make_unique<Quantize>(kernel);
  if (name == "LceDequantize") return std::make_unique<Dequantize>();
  if (name == "LceBMaxPool2d") return std::make_unique<MaxPool>(Options(options, options_bytes));
  if (name == "LceBconv2d") return std::make_unique<BinaryConvolution>(Options(options, options_bytes), kernel);
  if (name == "LqfQuantize") return std::make_unique<QuantizeLevels>(Options(options, options_bytes), kernel);
  if (name == "LqfConv2d") return FewBitConvolution::convolution(Options(options, options_bytes), kernel);
  if (name == "LqfDepthwiseConv2d") return FewBitConvolution::depthwise(Options(options, options_bytes), kernel);
  if (name == "LqfFullyConnected") return FewBitConvolution::dense(Options(options, options_bytes), kernel);
  throw Error("there is no operation '" + name + "'.");
}

}  // namespace larq_focal
