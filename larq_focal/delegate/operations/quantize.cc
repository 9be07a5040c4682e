#include "quantize.h"

#include <algorithm>
#include <cmath>

namespace larq_focal {
namespace {

template <typename Value>
void unpack(const uint32_t* words, int64_t rows, int channels, Value plus, Value minus, Value* values) {
  for (int64_t row = 0; row < rows; ++row, words += packed_words(channels)) {
    for (int c = 0; c < channels; ++c) *values++ = words[c / 32] >> c % 32 & 1 ? minus : plus;
  }
}

}  // namespace

void Quantize::prepare() {
  require_operands();
  const Tensor& from = input(0, "input", {Type::kFloat32, Type::kInt8, Type::kBool});
  require(!from.dims.empty(), "its input has no channels.");
  require(from.type != Type::kInt8 || (from.zero_point >= -128 && from.zero_point <= 127),
          "its int8 input has no valid zero point.");
  Tensor& to = output(0, {Type::kPacked});
  to.dims = from.dims;
  to.dims.back() = packed_words(from.dims.back());
  steps_.prepare(from.dims);
}

void Quantize::run(ThreadPool& threads) {
  const Tensor& from = *inputs[0];
  const int channels = from.dims.back();
  const ptrdiff_t stride = from.pixel_stride();
  const FloatSteps steps = steps_.at(0, 0);
  threads.parallel_for(pixel_count(from.dims), [&](int64_t begin, int64_t end) {
    uint32_t* packed = outputs[0]->as<uint32_t>() + begin * packed_words(channels);
    if (from.type == Type::kFloat32) {
      kernel_.pack_floats(from.as<float>() + begin * stride, stride, end - begin, channels, steps, packed);
    } else {
      // False is -1: a bool packs like a byte below 1.
      auto zero_point = static_cast<int8_t>(from.type == Type::kBool ? 1 : from.zero_point);
      kernel_.pack_bytes(from.as<int8_t>() + begin * channels, end - begin, channels, zero_point, packed);
    }
  });
}

// The packed input does not tell the number of channels: the output's declared shape does.
void Dequantize::prepare() {
  require_counts(1, 1);
  const Tensor& from = input(0, "input", {Type::kPacked});
  Tensor& to = output(0, {Type::kFloat32, Type::kInt8, Type::kBool});
  bool fits = !to.dims.empty() && to.dims.size() == from.dims.size() && to.dims.back() >= 1 &&
              packed_words(to.dims.back()) == from.dims.back();
  require(fits, [&] {
    return "its output of the shape " + shape_text(to.dims) + " does not fit its packed input of the shape " +
           shape_text(from.dims) + ".";
  });
  std::copy(from.dims.begin(), from.dims.end() - 1, to.dims.begin());
  element_count(to.dims);
}

void Dequantize::run(ThreadPool& threads) {
  const Tensor& to = *outputs[0];
  const int channels = to.dims.back();
  threads.parallel_for(pixel_count(to.dims), [&](int64_t begin, int64_t end) {
    const uint32_t* packed = inputs[0]->as<uint32_t>() + begin * packed_words(channels);
    if (to.type == Type::kFloat32) {
      unpack(packed, end - begin, channels, 1.0f, -1.0f, to.as<float>() + begin * channels);
    } else if (to.type == Type::kBool) {
      unpack(packed, end - begin, channels, true, false, to.as<bool>() + begin * channels);
    } else {
      float one = std::round(std::min(1 / to.scale, 255.0f));  // the byte of +1, from that of 0
      auto plus = static_cast<int8_t>(std::min(127.0f, to.zero_point + one));
      auto minus = static_cast<int8_t>(std::max(-128.0f, to.zero_point - one));
      unpack(packed, end - begin, channels, plus, minus, to.as<int8_t>() + begin * channels);
    }
  });
}

}  // namespace larq_focal
