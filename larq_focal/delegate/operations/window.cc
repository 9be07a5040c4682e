#include "window.h"

#include <algorithm>

#include "../base/errors.h"

namespace larq_focal {

Placement place(const Axis& axis, int image) {
  if (axis.padding == Padding::kValid) {
    int64_t outputs = (image - axis.extent() + axis.stride) / axis.stride;
    require(image >= axis.extent(), [&] {
      return "its window of " + std::to_string(axis.extent()) + " pixels does not fit into an image of " +
             std::to_string(image) + ".";
    });
    return {static_cast<int>(outputs), 0};
  }
  int64_t outputs = (image + axis.stride - 1) / axis.stride;
  int64_t total = std::max<int64_t>((outputs - 1) * axis.stride + axis.extent() - image, 0);
  return {static_cast<int>(outputs), total / 2};
}

Span seen(const Axis& axis, const Placement& placement, int64_t position, int image) {
  const int64_t begin = position * axis.stride - placement.before;
  return {std::max<int64_t>(begin, 0), std::min<int64_t>(begin + axis.size, image)};
}

}  // namespace larq_focal
