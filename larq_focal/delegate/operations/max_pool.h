#pragma once

#include "operation.h"
#include "window.h"

namespace larq_focal {

// LceBMaxPool2d: the largest sign of a window is -1 (bit 1) only where all are, so words are and-ed.
class MaxPool : public Operation {
 public:
  explicit MaxPool(const Options& options);

  void prepare() override;
  void run(ThreadPool& threads) override;

 private:
  void pool_row(int64_t image, int64_t y) const;

  Axis rows_, columns_;
  Placement row_placement_{}, column_placement_{};
};

}  // namespace larq_focal
