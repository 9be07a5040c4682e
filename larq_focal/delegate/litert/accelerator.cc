// What LiteRT's CompiledModel finds: an accelerator for the processor that hands it the delegate.
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string>

#include "../base/errors.h"
#include "binary_delegate.h"
#include "compiled_model.h"

namespace larq_focal {
namespace {

constexpr litert::StructureVersion kKnownContexts[] = {{400, 1, 0, 0}, {416, 1, 2, 0}};  // of LiteRT 2.2 and 2.3

void require_known(const litert::RuntimeContext* runtime) {
  require(runtime != nullptr, "LiteRT offers no functions for accelerators.");
  const litert::StructureVersion& version = runtime->version;
  bool is_known = false;
  for (const litert::StructureVersion& known : kKnownContexts) {
    is_known = is_known || (version.bytes == known.bytes && version.major == known.major && version.minor == known.minor);
  }
  require(is_known && runtime->get_opaque_options && runtime->find_opaque_options_data && runtime->wrap_delegate, [&] {
    return "larq_focal's accelerator is for LiteRT 2.2 and 2.3, and this one has another interface (version " +
           std::to_string(version.major) + "." + std::to_string(version.minor) + ", " + std::to_string(version.bytes) +
           " bytes). Install ai-edge-litert 2.2 or 2.3, or choose the engine 'delegate'.";
  });
}

// How many threads the options of the processor name, a text such as "num_threads = 2"; 0 where they name none.
int thread_count(const litert::RuntimeContext& runtime, litert::Options* options) {
  litert::OpaqueOptions* opaque = nullptr;
  const void* data = nullptr;
  const bool found = options && runtime.get_opaque_options(options, &opaque) == litert::kAcceleratorOk && opaque &&
                     runtime.find_opaque_options_data(opaque, "xnnpack", &data) == litert::kAcceleratorOk && data;
  const char* place = found ? std::strstr(static_cast<const char*>(data), "num_threads") : nullptr;
  place = place ? std::strchr(place, '=') : nullptr;
  return place ? std::atoi(place + 1) : 0;
}

litert::AcceleratorStatus get_name(litert::Accelerator*, const char** name) {
  *name = "larq_focal";
  return litert::kAcceleratorOk;
}

litert::AcceleratorStatus get_version(litert::Accelerator*, litert::ApiVersion* version) {
  *version = {1, 0, 0};
  return litert::kAcceleratorOk;
}

litert::AcceleratorStatus get_hardware_support(litert::Accelerator*, int* hardware) {
  *hardware = litert::kCpu;
  return litert::kAcceleratorOk;
}

litert::AcceleratorStatus is_jit_compiled(litert::Accelerator*, bool* is_jit_compiled) {
  *is_jit_compiled = true;
  return litert::kAcceleratorOk;
}

// LiteRT drops what goes wrong here but for the status, so that the reason goes to the standard error stream.
litert::AcceleratorStatus create_delegate(litert::RuntimeContext* runtime, litert::Environment*, litert::Accelerator*,
                                          litert::Options* options, litert::DelegateWrapper** wrapper) {
  try {
    require_known(runtime);
    DelegateOptions ours;
    ours.threads = thread_count(*runtime, options);
    return runtime->wrap_delegate(make_delegate(ours), destroy_delegate, wrapper);
  } catch (const std::exception& error) {
    std::fprintf(stderr, "ERROR: %s\n", error.what());
    return litert::kRuntimeFailure;
  }
}

}  // namespace
}  // namespace larq_focal

LARQ_FOCAL_EXPORT litert::AcceleratorDefinition LiteRtAcceleratorImpl;

litert::AcceleratorDefinition LiteRtAcceleratorImpl = {
    {sizeof(litert::AcceleratorDefinition), 1, 0, 0},
    larq_focal::get_name,
    larq_focal::get_version,
    larq_focal::get_hardware_support,
    larq_focal::is_jit_compiled,
    larq_focal::create_delegate,
    {},
};
