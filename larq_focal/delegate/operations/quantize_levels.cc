#include "quantize_levels.h"

namespace larq_focal {

QuantizeLevels::QuantizeLevels(const Options& options, const Kernel& kernel)
    : OperationWithSteps(2), kernel_(kernel), levels_(options.get("lowest", INT8_MIN, INT8_MAX)) {}

void QuantizeLevels::prepare() {
  require_operands();
  const Tensor& from = input(0, "input", {Type::kFloat32});
  require(!from.dims.empty(), "its input has no channels.");
  Tensor& to = output(0, {Type::kInt8});
  to.dims = from.dims;
  levels_.prepare(input(1, "row of thresholds", {Type::kFloat32}), to);
  steps_.prepare(from.dims);
}

void QuantizeLevels::run(ThreadPool& threads) {
  const Tensor& from = *inputs[0];
  const int channels = from.dims.back();
  const ptrdiff_t stride = from.pixel_stride();
  const FloatSteps steps = steps_.at(0, 0);
  threads.parallel_for(pixel_count(from.dims), [&](int64_t begin, int64_t end) {
    kernel_.quantize_floats(from.as<float>() + begin * stride, stride, end - begin, channels, steps, levels_.steps(),
                            outputs[0]->as<int8_t>() + begin * channels);
  });
}

}  // namespace larq_focal
