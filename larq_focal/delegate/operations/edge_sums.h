#pragma once

#include <cstdint>
#include <vector>

#include "../kernels/kernel.h"
#include "window.h"

namespace larq_focal {

// Zero padding for kernels that can only pad with ones: the sums of the weights that hang over the edges of an image.
//
// Outputs whose windows hang over alike share their sums. LCE corrects the float outputs (its
// core/bconv2d/zero_padding_correction.h), where sums of exactly 0 come out as rounding errors; these are integers.
class EdgeSums {
 public:
  // `filter` is [channels][rows.size][columns.size][words]; `channels_in` are those of one group.
  void compute(const uint32_t* filter, int channels, int words, int channels_in, const Axis& rows, const Axis& columns,
               const Placement& row_placement, const Placement& column_placement, int height, int width);

  void clear() { sums_.clear(); }
  bool empty() const { return sums_.empty(); }
  EdgeCorrection correction() const;  // as the kernels take it

 private:
  // The part of a window that lies inside the image: [begin, end) of its rows or columns.
  struct Inside {
    int begin, end;
    bool operator==(const Inside& other) const { return begin == other.begin && end == other.end; }
  };
  static std::vector<Inside> classes(const Axis& axis, const Placement& placement, int image,
                                     std::vector<int32_t>& class_of);

  std::vector<int32_t> sums_, row_class_, column_class_;
  int column_classes_ = 1;
  int channels_ = 0;
};

}  // namespace larq_focal
