#include "../base/errors.h"
#include "kernel.h"

namespace larq_focal {

#if defined(__x86_64__)
extern const Kernel avx512_kernel;
extern const Kernel avx2_kernel;
#elif defined(__aarch64__)
extern const Kernel neon_dot_kernel;
extern const Kernel neon_kernel;
#endif
extern const Kernel portable_kernel;
extern const Kernel reference_kernel;

namespace {

// Best first.
const Kernel* const kKernels[] = {
#if defined(__x86_64__)
    &avx512_kernel,
    &avx2_kernel,
#elif defined(__aarch64__)
    &neon_dot_kernel,
    &neon_kernel,
#endif
    &portable_kernel,
    &reference_kernel,
};

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
