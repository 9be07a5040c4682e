#include "options.h"

#include <cstring>

#include "../base/errors.h"

namespace larq_focal {
namespace {

enum FlexType { kInt = 1, kUInt = 2, kMap = 9 };

void require_whole(bool condition) {
  require(condition, "its options are not a FlexBuffer map: the model is damaged.");
}

bool is_width(uint64_t width) { return width == 1 || width == 2 || width == 4 || width == 8; }

}  // namespace

Options::Options(const void* data, size_t size) : data_(static_cast<const uint8_t*>(data)), size_(size) {
  // The buffer ends with the root value, its packed type and its width.
  require_whole(data_ && size_ >= 3);
  int root_width = data_[size_ - 1];
  int root_type = data_[size_ - 2];
  require_whole(is_width(root_width) && size_ >= 2 + static_cast<size_t>(root_width) && root_type >> 2 == kMap);
  width_ = 1 << (root_type & 3);
  values_ = follow(size_ - 2 - root_width, root_width);
  // Before the values: their number, the width of the keys, and the offset to the keys.
  require_whole(values_ >= 3 * static_cast<size_t>(width_));
  count_ = read(values_ - width_, width_);
  uint64_t key_width = read(values_ - 2 * width_, width_);
  require_whole(is_width(key_width));
  key_width_ = static_cast<int>(key_width);
  keys_ = follow(values_ - 3 * width_, width_);
  // Each value takes its width and one byte of type, each key an offset.
  require_whole(count_ <= (size_ - values_) / (width_ + 1) && count_ <= (size_ - keys_) / key_width_);
}

int Options::get(const std::string& name, int64_t lowest, int64_t highest) const {
  for (size_t i = 0; i < count_; ++i) {
    if (!is_key(i, name)) continue;
    int type = data_[values_ + count_ * width_ + i] >> 2;
    require(type == kInt || type == kUInt, [&] { return "its option '" + name + "' is not an integer."; });
    uint64_t bits = read(values_ + i * width_, width_);
    int unused_bits = 64 - 8 * width_;
    int64_t value = static_cast<int64_t>(bits);
    if (type == kInt) value = static_cast<int64_t>(bits << unused_bits) >> unused_bits;
    bool fits = value >= lowest && value <= highest && (type == kInt || bits <= INT64_MAX);
    require(fits, [&] {
      return "its option '" + name + "' is " + std::to_string(value) + ", and must lie in " + std::to_string(lowest) +
             " .. " + std::to_string(highest) + ".";
    });
    return static_cast<int>(value);
  }
  throw Error("its option '" + name + "' is missing.");
}

// An unsigned little-endian number. The caller's positions lie within the buffer only if this does not throw.
uint64_t Options::read(size_t position, int width) const {
  require_whole(position <= size_ && size_ - position >= static_cast<size_t>(width));
  uint64_t value = 0;
  for (int i = 0; i < width; ++i) value |= uint64_t{data_[position + i]} << (8 * i);
  return value;
}

// Offsets point backwards from where they stand.
size_t Options::follow(size_t position, int width) const {
  uint64_t offset = read(position, width);
  require_whole(offset <= position);
  return position - static_cast<size_t>(offset);
}

bool Options::is_key(size_t index, const std::string& name) const {
  size_t key = follow(keys_ + index * key_width_, key_width_);
  size_t length = name.size() + 1;  // with the closing zero
  return size_ - key >= length && std::memcmp(data_ + key, name.c_str(), length) == 0;
}

}  // namespace larq_focal
