// The delegate as LiteRT sees it: the two functions of its external delegates (tflite/delegates/external in
// https://github.com/google-ai-edge/LiteRT), and the calls from C that they lead to, which let no exception pass.
#include <cstdlib>
#include <string>

#include "claims.h"
#include "litert_check.h"
#include "partition.h"

#if defined(_WIN32)
#define LARQ_FOCAL_EXPORT extern "C" __declspec(dllexport)
#else
#define LARQ_FOCAL_EXPORT extern "C" __attribute__((visibility("default")))
#endif

namespace larq_focal {
namespace {

struct BinaryDelegate {
  litert::Delegate base{};
  Settings settings;
};

Settings& settings_of(litert::Delegate* delegate) { return static_cast<BinaryDelegate*>(delegate->data)->settings; }

// Runs `work`, and reports what it throws.
template <typename Work>
litert::Status guarded(litert::Context* context, const Work& work) {
  try {
    work();
    return litert::kOk;
  } catch (const std::bad_alloc&) {
    context->ReportError(context, "%s", "There is not enough memory for the binary operations.");
  } catch (const std::exception& error) {
    context->ReportError(context, "%s", error.what());
  }
  return litert::kError;
}

void* init_partition(litert::Context* context, const char* buffer, size_t) {
  Partition* partition = nullptr;
  guarded(context, [&] {
    const auto& params = *reinterpret_cast<const litert::DelegateParams*>(buffer);
    partition = new Partition(context, params, settings_of(params.delegate));
  });
  return partition;
}

void free_partition(litert::Context*, void* partition) { delete static_cast<Partition*>(partition); }

// Init cannot fail; a partition that is missing was reported there.
template <void (Partition::*step)(litert::Context*)>
litert::Status call_partition(litert::Context* context, litert::Node* node) {
  auto* partition = static_cast<Partition*>(node->user_data);
  if (!partition) return litert::kError;
  return guarded(context, [&] { (partition->*step)(context); });
}

litert::Status claim_operations(litert::Context* context, litert::Delegate* delegate) {
  return guarded(context, [&] {
    check_layout(context);
    litert::Registration registration{};
    registration.init = init_partition;
    registration.free = free_partition;
    registration.prepare = call_partition<&Partition::prepare>;
    registration.invoke = call_partition<&Partition::run>;
    registration.custom_name = "LarqFocalDelegate";
    registration.version = 1;
    for (std::vector<int> nodes : Claims(context, settings_of(delegate).fuses).node_sets()) {
      nodes.insert(nodes.begin(), static_cast<int>(nodes.size()));  // an IntArray: its size comes first
      const auto* array = reinterpret_cast<const litert::IntArray*>(nodes.data());
      bool replaced =
          context->ReplaceNodeSubsetsWithDelegateKernels(context, registration, array, delegate) == litert::kOk;
      require(replaced, "LiteRT cannot hand the binary operations over to larq_focal's delegate.");
    }
  });
}

void read_option(const std::string& key, const std::string& value, std::string& kernel, bool& fuses) {
  if (key == "kernel") {
    kernel = value;
  } else if (key == "fuse") {
    require(value == "0" || value == "1", [&] { return "The option 'fuse' is '" + value + "', and must be 0 or 1."; });
    fuses = value == "1";
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
    const char* chosen = std::getenv("LARQ_FOCAL_KERNEL");
    std::string kernel = chosen ? chosen : "";
    auto delegate = std::make_unique<larq_focal::BinaryDelegate>();
    for (size_t i = 0; i < count; ++i) {
      larq_focal::read_option(keys[i], values[i], kernel, delegate->settings.fuses);
    }
    delegate->settings.kernel = &larq_focal::choose_kernel(kernel);
    delegate->base.data = delegate.get();
    delegate->base.Prepare = larq_focal::claim_operations;
    delegate->base.flags = litert::kAllowDynamicTensors;
    return &delegate.release()->base;
  } catch (const std::exception& error) {
    if (report_error) report_error(error.what());
    return nullptr;
  }
}

LARQ_FOCAL_EXPORT void tflite_plugin_destroy_delegate(litert::Delegate* delegate) {
  if (delegate) delete static_cast<larq_focal::BinaryDelegate*>(delegate->data);
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
