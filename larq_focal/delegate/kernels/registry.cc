#include "../base/errors.h"
#include "kernel.h"

namespace larq_focal {

#define LARQ_FOCAL_KERNEL(name, flags) extern const Kernel name##_kernel;
#include "table.h"
#undef LARQ_FOCAL_KERNEL

namespace {

#define LARQ_FOCAL_KERNEL(name, flags) &name##_kernel,
const Kernel* const kKernels[] = {
#include "table.h"
};
#undef LARQ_FOCAL_KERNEL

}  // namespace

std::vector<const Kernel*> supported_kernels() {
  std::vector<const Kernel*> supported;
  for (const Kernel* kernel : kKernels) {
    if (kernel->is_supported()) supported.push_back(kernel);
  }
  return supported;
}

const Kernel& choose_kernel(const std::string& name) {
  std::string names;
  for (const Kernel* kernel : supported_kernels()) {
    if (name.empty() || name == kernel->name) return *kernel;
    names += (names.empty() ? "" : ", ") + std::string(kernel->name);
  }
  throw Error("There is no kernel '" + name + "' for this processor; there are: " + names + ".");
}

}  // namespace larq_focal
