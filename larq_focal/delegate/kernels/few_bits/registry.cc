#include <string>

#include "../../base/errors.h"
#include "../few_bits.h"

namespace larq_focal {

#define LARQ_FOCAL_KERNEL(name, flags) extern const FewBitKernel name##_few_bits;
#include "../table.h"
#undef LARQ_FOCAL_KERNEL

const FewBitKernel& few_bit_kernel(const Kernel& kernel) {
#define LARQ_FOCAL_KERNEL(name, flags) &name##_few_bits,
  static const FewBitKernel* const kKernels[] = {
#include "../table.h"
  };
#undef LARQ_FOCAL_KERNEL
  for (const FewBitKernel* each : kKernels) {
    if (each->name == std::string(kernel.name)) return *each;
  }
  throw Error("The kernel '" + std::string(kernel.name) + "' has no loops for few bits.");
}

}  // namespace larq_focal
