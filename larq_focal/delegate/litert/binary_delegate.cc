// The delegate itself, and the calls from C that it gets, which let no exception pass.
#include "binary_delegate.h"

#include <cstdlib>
#include <memory>

#include "claims.h"
#include "litert_check.h"
#include "partition.h"

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

}  // namespace

litert::Delegate* make_delegate(const DelegateOptions& options) {
  auto delegate = std::make_unique<BinaryDelegate>();
  const char* chosen = std::getenv("LARQ_FOCAL_KERNEL");
  delegate->settings.kernel = &choose_kernel(!options.kernel.empty() || !chosen ? options.kernel : chosen);
  delegate->settings.fuses = options.fuses;
  delegate->settings.thread_count = options.threads;
  delegate->base.data = delegate.get();
  delegate->base.Prepare = claim_operations;
  delegate->base.flags = litert::kAllowDynamicTensors;
  return &delegate.release()->base;
}

void destroy_delegate(litert::Delegate* delegate) {
  if (delegate) delete static_cast<BinaryDelegate*>(delegate->data);
}

}  // namespace larq_focal
