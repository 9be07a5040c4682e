#include "edge_sums.h"

#include <algorithm>
#include <bitset>

#include "../base/errors.h"

namespace larq_focal {

std::vector<EdgeSums::Inside> EdgeSums::classes(const Axis& axis, const Placement& placement, int image,
                                                std::vector<int32_t>& class_of) {
  std::vector<Inside> found;
  class_of.clear();
  for (int64_t position = 0; position < placement.outputs; ++position) {
    int64_t start = position * axis.stride - placement.before;
    auto is_inside = [&](int64_t tap) {
      return start + tap * axis.dilation >= 0 && start + tap * axis.dilation < image;
    };
    Inside inside{0, static_cast<int>(axis.size)};
    while (inside.begin < inside.end && !is_inside(inside.begin)) ++inside.begin;
    while (inside.end > inside.begin && !is_inside(inside.end - 1)) --inside.end;
    auto same = std::find(found.begin(), found.end(), inside);
    class_of.push_back(static_cast<int32_t>(same - found.begin()));
    if (same == found.end()) found.push_back(inside);
  }
  return found;
}

void EdgeSums::compute(const uint32_t* filter, int channels, int words, int channels_in, const Axis& rows,
                       const Axis& columns, const Placement& row_placement, const Placement& column_placement,
                       int height, int width) {
  std::vector<Inside> row_classes = classes(rows, row_placement, height, row_class_);
  std::vector<Inside> column_classes = classes(columns, column_placement, width, column_class_);
  column_classes_ = static_cast<int>(column_classes.size());
  channels_ = channels;
  size_t places = row_classes.size() * column_classes.size();
  require(places < (size_t{1} << 29) / channels, "its zero padding has too many cases.");
  sums_.assign(places * channels, 0);
  for (int channel = 0; channel < channels; ++channel) {
    for (int y = 0; y < rows.size; ++y) {
      for (int x = 0; x < columns.size; ++x) {
        int32_t sum = channels_in;
        for (int word = 0; word < words; ++word) sum -= 2 * static_cast<int32_t>(std::bitset<32>(*filter++).count());
        for (size_t place = 0; place < places; ++place) {
          const Inside& in_rows = row_classes[place / column_classes_];
          const Inside& in_columns = column_classes[place % column_classes_];
          bool is_inside = y >= in_rows.begin && y < in_rows.end && x >= in_columns.begin && x < in_columns.end;
          if (!is_inside) sums_[place * channels + channel] += sum;
        }
      }
    }
  }
}

EdgeCorrection EdgeSums::correction() const {
  if (sums_.empty()) return {};
  return {sums_.data(), row_class_.data(), column_class_.data(), column_classes_, channels_};
}

}  // namespace larq_focal
