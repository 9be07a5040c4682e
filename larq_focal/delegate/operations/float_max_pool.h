#pragma once

#include "operation.h"
#include "window.h"

namespace larq_focal {

// MAX_POOL_2D of float32 values. What lies outside of an image takes no part.
class FloatMaxPool : public Operation {
 public:
  FloatMaxPool(const Kernel& kernel, const Axis& rows, const Axis& columns)
      : kernel_(kernel), rows_(rows), columns_(columns) {}

  void prepare() override;
  void run(ThreadPool& threads) override;

 private:
  void pool_row(int64_t image, int64_t y) const;

  const Kernel& kernel_;
  Axis rows_, columns_;
  Placement row_placement_{}, column_placement_{};
};

}  // namespace larq_focal
