#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "errors.h"

namespace larq_focal {

enum class Type { kFloat32, kPacked, kBool, kInt8, kOther };  // kPacked: 32 channels to an int32

// A value on its way through the operations. Dimensions are NHWC; those of packed values count words.
struct Tensor {
  Type type = Type::kOther;
  std::vector<int> dims;
  void* data = nullptr;
  bool is_constant = false;  // known before the network runs, and never changed
  bool is_stored = true;     // false where a fused operation keeps it to itself
  float scale = 0;           // of int8: value = scale * (byte - zero_point)
  int zero_point = 0;
  Tensor* whole = nullptr;  // of which this is some of the channels, from `first_channel` on: it has no data of its own
  int first_channel = 0;

  // The first element. Elements of one pixel lie side by side, and those of the next pixel `pixel_stride` behind.
  template <typename Element>
  Element* as() const {
    return whole ? whole->as<Element>() + first_channel : static_cast<Element*>(data);
  }

  int pixel_stride() const { return root().dims.back(); }

  const Tensor& root() const { return whole ? whole->root() : *this; }
};

inline size_t element_bytes(Type type) { return type == Type::kFloat32 || type == Type::kPacked ? 4 : 1; }

inline std::string shape_text(const std::vector<int>& dims) {
  std::string text;
  for (int size : dims) text += (text.empty() ? "" : ", ") + std::to_string(size);
  return "[" + text + "]";
}

// Whether all dimensions but the last are 1.
inline bool is_row(const std::vector<int>& dims) {
  return dims.empty() || std::all_of(dims.begin(), dims.end() - 1, [](int size) { return size == 1; });
}

// The number of elements. Throws Error where a dimension is below 1 or the tensor is larger than 2 GiB.
inline int64_t element_count(const std::vector<int>& dims) {
  int64_t count = 1;
  for (int size : dims) {
    require(size >= 1, [&] { return "a tensor has the shape " + shape_text(dims) + "."; });
    count *= size;
    require(count < (int64_t{1} << 29), [&] { return "a tensor of the shape " + shape_text(dims) + " is too large."; });
  }
  return count;
}

inline int64_t pixel_count(const std::vector<int>& dims) { return element_count(dims) / dims.back(); }

inline size_t byte_count(const Tensor& tensor) {
  return static_cast<size_t>(element_count(tensor.dims)) * element_bytes(tensor.type);
}

}  // namespace larq_focal
