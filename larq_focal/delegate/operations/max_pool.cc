#include "max_pool.h"

#include <algorithm>

namespace larq_focal {
namespace {

// The outputs whose windows have this tap inside an image.
Span inside(const Axis& axis, const Placement& placement, int64_t tap, int image) {
  const int64_t before = placement.before - tap;  // pixels outside of the first output's tap, and so many of the last
  const int64_t begin = before > 0 ? (before + axis.stride - 1) / axis.stride : 0;
  const int64_t last = image - 1 + before;
  return {begin, last < 0 ? 0 : std::min<int64_t>(last / axis.stride + 1, placement.outputs)};
}

}  // namespace

MaxPool::MaxPool(const Options& options) {
  auto padding = static_cast<Padding>(options.get("padding", 0, 1));
  rows_ = {options.get("filter_height", 1, kLargestOption), options.get("stride_height", 1, kLargestOption), 1,
           padding};
  columns_ = {options.get("filter_width", 1, kLargestOption), options.get("stride_width", 1, kLargestOption), 1,
              padding};
}

void MaxPool::prepare() {
  require_counts(1, 1);
  const Tensor& from = input(0, "input", {Type::kPacked});
  require(from.dims.size() == 4,
          [&] { return "its input has the shape " + shape_text(from.dims) + ", not four dimensions."; });
  row_placement_ = place(rows_, from.dims[1]);
  column_placement_ = place(columns_, from.dims[2]);
  output(0, {Type::kPacked}).dims = {from.dims[0], row_placement_.outputs, column_placement_.outputs, from.dims[3]};
}

void MaxPool::run(ThreadPool& threads) {
  const std::vector<int>& dims = outputs[0]->dims;
  threads.parallel_for(int64_t{dims[0]} * dims[1], [&](int64_t begin, int64_t end) {
    for (int64_t row = begin; row < end; ++row) pool_row(row / dims[1], row % dims[1]);
  });
}

void MaxPool::pool_row(int64_t image, int64_t y) const {
  const std::vector<int>& dims = inputs[0]->dims;
  const int64_t height = dims[1], width = dims[2], words = dims[3], columns_out = column_placement_.outputs;
  const uint32_t* pixels = inputs[0]->as<uint32_t>() + image * height * width * words;
  uint32_t* to = outputs[0]->as<uint32_t>() + (image * row_placement_.outputs + y) * columns_out * words;
  std::fill(to, to + columns_out * words, ~uint32_t{0});
  const Span rows = seen(rows_, row_placement_, y, dims[1]);
  const int64_t left = column_placement_.before;  // of the taps, those that some window has inside the image
  const Span taps{std::max<int64_t>(left - (columns_out - 1) * columns_.stride, 0),
                  std::min(columns_.size, width + left)};
  for (int64_t row = rows.begin; row < rows.end; ++row) {
    for (int64_t tap = taps.begin; tap < taps.end; ++tap) {
      const Span covered = inside(columns_, column_placement_, tap, dims[2]);
      const int64_t step = columns_.stride * words;
      const uint32_t* from = pixels + (row * width + tap - left) * words;
      if (words == 1) {
        for (int64_t x = covered.begin; x < covered.end; ++x) to[x] &= from[x * step];
        continue;
      }
      for (int64_t x = covered.begin; x < covered.end; ++x) {
        for (int64_t word = 0; word < words; ++word) to[x * words + word] &= from[x * step + word];
      }
    }
  }
}

}  // namespace larq_focal
