#include "float_max_pool.h"

namespace larq_focal {
void FloatMaxPool::prepare() {
  require_counts(1, 1);
  const Tensor& from = input(0, "input", {Type::kFloat32});
  require(from.dims.size() == 4,
          [&] { return "its input has the shape " + shape_text(from.dims) + ", not four dimensions."; });
  row_placement_ = place(rows_, from.dims[1]);
  column_placement_ = place(columns_, from.dims[2]);
  output(0, {Type::kFloat32}).dims = {from.dims[0], row_placement_.outputs, column_placement_.outputs, from.dims[3]};
}

void FloatMaxPool::run(ThreadPool& threads) {
  const std::vector<int>& dims = outputs[0]->dims;
  threads.parallel_for(int64_t{dims[0]} * dims[1], [&](int64_t begin, int64_t end) {
    for (int64_t row = begin; row < end; ++row) pool_row(row / dims[1], row % dims[1]);
  });
}

void FloatMaxPool::pool_row(int64_t image, int64_t y) const {
  const Tensor& from = *inputs[0];
  const int width = from.dims[2], channels = from.dims[3];
  const ptrdiff_t stride = from.pixel_stride(), row_stride = width * stride;
  const float* pixels = from.as<float>() + image * from.dims[1] * row_stride;
  const int64_t columns_out = column_placement_.outputs;
  float* to = outputs[0]->as<float>() + (image * row_placement_.outputs + y) * columns_out * channels;
  const Span rows = seen(rows_, row_placement_, y, from.dims[1]);
  for (int64_t x = 0; x < columns_out; ++x, to += channels) {
    const Span columns = seen(columns_, column_placement_, x, width);
    kernel_.find_maxima(pixels + rows.begin * row_stride + columns.begin * stride, row_stride, stride,
                        static_cast<int>(rows.end - rows.begin), static_cast<int>(columns.end - columns.begin), channels,
                        to);
  }
}

}  // namespace larq_focal
