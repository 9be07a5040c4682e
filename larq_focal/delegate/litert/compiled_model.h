// The structures by which LiteRT's CompiledModel takes an accelerator out of a shared library. They are internal to
// LiteRT, and no package brings their headers: declared here is what the 64-bit builds of 2.2 and 2.3 read and offer,
// found by trial. `require_known` in accelerator.cc refuses others.
#pragma once

#include <cstddef>
#include <cstdint>

#include "litert.h"

namespace litert {

struct Accelerator;    // LiteRT's own, as the next
struct Environment;
struct Options;
struct OpaqueOptions;
struct DelegateWrapper;

enum AcceleratorStatus : int { kAcceleratorOk = 0, kRuntimeFailure = 3 };
enum HardwareSupport : int { kCpu = 1 };

// How a structure begins that grows with LiteRT's versions.
struct StructureVersion {
  uint16_t bytes;
  uint16_t major;
  uint16_t minor;
  uint16_t reserved;
};

struct ApiVersion {
  int major;
  int minor;
  int patch;
};

// LiteRT's functions for accelerators.
struct RuntimeContext {
  StructureVersion version;
  void* not_ours[9];
  AcceleratorStatus (*get_opaque_options)(Options*, OpaqueOptions** opaque);
  AcceleratorStatus (*find_opaque_options_data)(OpaqueOptions*, const char* identifier, const void** data);
  void* not_ours_either[6];
  AcceleratorStatus (*wrap_delegate)(Delegate*, void (*deleter)(Delegate*), DelegateWrapper** wrapper);
};

// What the library exports as `LiteRtAcceleratorImpl`.
struct AcceleratorDefinition {
  StructureVersion version;
  AcceleratorStatus (*get_name)(Accelerator*, const char** name);
  AcceleratorStatus (*get_version)(Accelerator*, ApiVersion* version);
  AcceleratorStatus (*get_hardware_support)(Accelerator*, int* hardware);
  AcceleratorStatus (*is_jit_compiled)(Accelerator*, bool* is_jit_compiled);
  AcceleratorStatus (*create_delegate)(RuntimeContext*, Environment*, Accelerator*, Options*, DelegateWrapper** wrapper);
  void* no_buffers[19];  // without kinds of memory of its own
};

static_assert(sizeof(void*) != 8 || (sizeof(AcceleratorDefinition) == 200 &&
                                     offsetof(AcceleratorDefinition, create_delegate) == 40 &&
                                     offsetof(RuntimeContext, get_opaque_options) == 80 &&
                                     offsetof(RuntimeContext, wrap_delegate) == 144),
              "the compiler lays the structures of LiteRT out in another way than LiteRT's own does");

}  // namespace litert
