#pragma once

#include <string>

#include "litert.h"

#if defined(_WIN32)
#define LARQ_FOCAL_EXPORT extern "C" __declspec(dllexport)
#else
#define LARQ_FOCAL_EXPORT extern "C" __attribute__((visibility("default")))
#endif

namespace larq_focal {

struct DelegateOptions {
  std::string kernel;  // one of larq_focal_kernels(); empty for the variable LARQ_FOCAL_KERNEL, or the best
  bool fuses = true;   // whether operations are joined
  int threads = 0;     // 0 for as many as LiteRT says at each inference
};

// The delegate of one model or of several, for `destroy_delegate`. Throws Error.
litert::Delegate* make_delegate(const DelegateOptions& options);

void destroy_delegate(litert::Delegate* delegate);

}  // namespace larq_focal
