#pragma once

#include <cstdint>
#include <string>

#include "options.h"

namespace larq_focal {

enum class Padding { kSame = 0, kValid = 1 };

// How a window moves along one axis of an image.
struct Axis {
  int64_t size = 1;
  int64_t stride = 1;
  int64_t dilation = 1;
  Padding padding = Padding::kSame;

  int64_t extent() const { return (size - 1) * dilation + 1; }
};

// Where it stands on an image of a certain length.
struct Placement {
  int outputs;
  int64_t before;  // padding in front of the first pixel
};

struct Span {
  int64_t begin, end;
};

// The pixels of an axis that a window without dilation sees.
Span seen(const Axis& axis, const Placement& placement, int64_t position, int image);

// As TensorFlow places windows. Throws Error where not one window fits into the image.
Placement place(const Axis& axis, int image);

constexpr int64_t kLargestOption = int64_t{1} << 30;

}  // namespace larq_focal
