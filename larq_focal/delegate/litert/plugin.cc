// What LiteRT's interpreters call: the two functions of their external delegates (tflite/delegates/external in
// https://github.com/google-ai-edge/LiteRT).
#include "../base/errors.h"
#include "../kernels/kernel.h"
#include "binary_delegate.h"

namespace larq_focal {
namespace {

void read_option(const std::string& key, const std::string& value, DelegateOptions& options) {
  if (key == "kernel") {
    options.kernel = value;
  } else if (key == "fuse") {
    require(value == "0" || value == "1", [&] { return "The option 'fuse' is '" + value + "', and must be 0 or 1."; });
    options.fuses = value == "1";
  } else {
    throw Error("larq_focal's delegate has no option '" + key + "'; it has: kernel, fuse.");
  }
}

}  // namespace
}  // namespace larq_focal

// Options: "kernel", the name of one of larq_focal_kernels(), by default the variable LARQ_FOCAL_KERNEL or the best;
// "fuse", 0 to run each operation by itself.
LARQ_FOCAL_EXPORT litert::Delegate* tflite_plugin_create_delegate(const char* const* keys, const char* const* values,
                                                                  size_t count, void (*report_error)(const char*)) {
  try {
    larq_focal::DelegateOptions options;
    for (size_t i = 0; i < count; ++i) larq_focal::read_option(keys[i], values[i], options);
    return larq_focal::make_delegate(options);
  } catch (const std::exception& error) {
    if (report_error) report_error(error.what());
    return nullptr;
  }
}

LARQ_FOCAL_EXPORT void tflite_plugin_destroy_delegate(litert::Delegate* delegate) {
  larq_focal::destroy_delegate(delegate);
}

// The names of the kernels that this processor can run, best first, with commas between them.
LARQ_FOCAL_EXPORT const char* larq_focal_kernels() {
  static const std::string names = [] {
    std::string joined;
    for (const larq_focal::Kernel* kernel : larq_focal::supported_kernels()) {
      joined += (joined.empty() ? "" : ",") + std::string(kernel->name);
    }
    return joined;
  }();
  return names.c_str();
}
