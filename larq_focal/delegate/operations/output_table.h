#pragma once

#include "../base/aligned_buffer.h"
#include "../base/tensor.h"

namespace larq_focal {

// One output of an operation for every index of a few bits, where it depends on nothing else.
class OutputTable {
 public:
  // Whether the outputs of all indices of so many bits stay near the processor.
  static bool is_small(int bits, size_t row_bytes);

  // Makes room for rows of the channels of `output`.
  void resize(int entries, const Tensor& output);

  // What is to be filled: a value of one row of pixels, as many as there are indices.
  Tensor& entries() { return entries_; }

  // Gives `count` pixels of `output`, from `first` on, their rows.
  void look_up(const uint32_t* indices, int64_t first, int64_t count, const Tensor& output) const;

 private:
  Tensor entries_;
  AlignedBuffer memory_;
};

}  // namespace larq_focal
