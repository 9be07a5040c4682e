#pragma once

#include <cstddef>
#include <cstdint>
#include <string>

namespace larq_focal {

// The options of a custom operation: a FlexBuffer map from names to integers.
//
// Only maps of integers are read, and every offset is checked, since a model file is input that nobody has checked.
// Format: https://flatbuffers.dev/internals/ ("FlexBuffers").
class Options {
 public:
  // Keeps no copy of `data`. Throws Error where it is not a FlexBuffer map.
  Options(const void* data, size_t size);

  // The integer called `name`, which must lie in [lowest, highest]. Throws Error where it does not or is missing.
  int get(const std::string& name, int64_t lowest, int64_t highest) const;

 private:
  uint64_t read(size_t position, int width) const;
  size_t follow(size_t position, int width) const;
  bool is_key(size_t index, const std::string& name) const;

  const uint8_t* data_;
  size_t size_;
  int width_;      // bytes of a value
  size_t values_;  // position of the first value
  size_t count_;   // values in the map
  int key_width_;  // bytes of an offset to a key
  size_t keys_;    // position of the first such offset
};

}  // namespace larq_focal
