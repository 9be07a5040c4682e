#include "add.h"

namespace larq_focal {

void Add::prepare() {
  require_counts(2, 1);
  const Tensor& left = input(0, "first input", {Type::kFloat32});
  const Tensor& right = input(1, "second input", {Type::kFloat32});
  require(left.dims == right.dims,
          "its inputs have the shapes " + shape_text(left.dims) + " and " + shape_text(right.dims) + ".");
  output(0, {Type::kFloat32}).dims = left.dims;
}

void Add::run(ThreadPool& threads) {
  const float* left = inputs[0]->as<float>();
  const float* right = inputs[1]->as<float>();
  float* sums = outputs[0]->as<float>();
  threads.parallel_for(element_count(outputs[0]->dims), [&](int64_t begin, int64_t end) {
    for (int64_t i = begin; i < end; ++i) {
      float sum = left[i] + right[i];
      sum = sum < range_.lowest ? range_.lowest : sum;
      sums[i] = sum > range_.highest ? range_.highest : sum;
    }
  });
}

}  // namespace larq_focal
