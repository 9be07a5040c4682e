#include "litert_check.h"

#include <string>

#include "../base/errors.h"

namespace larq_focal {
namespace {

constexpr int kMostDimensions = 64;
constexpr int kMostTypes = 64;  // LiteRT has about twenty
constexpr int kMostAllocations = 16;
constexpr size_t kMostTensors = size_t{1} << 28;

void require_layout(bool plausible, const char* structure) {
  require(plausible, [&] {
    return std::string("larq_focal's delegate was written for another layout of LiteRT's ") + structure +
           ": this version of LiteRT is not supported. Use another one, or the engine 'lce'.";
  });
}

size_t element_bytes(litert::TensorType type) {
  switch (type) {
    case litert::kFloat32:
    case litert::kInt32:
      return 4;
    case litert::kBool:
    case litert::kInt8:
      return 1;
    default:
      return 0;
  }
}

void check_tensor(const litert::Tensor& tensor) {
  require_layout(tensor.type >= 0 && tensor.type < kMostTypes, "tensors (type)");
  require_layout(tensor.allocation_type >= 0 && tensor.allocation_type < kMostAllocations, "tensors (allocation)");
  if (!tensor.dims) return;  // a tensor that no node uses
  require_layout(tensor.dims->size >= 0 && tensor.dims->size <= kMostDimensions, "tensors (shape)");
  bool is_constant = tensor.allocation_type == litert::kMappedReadOnly;
  if (!is_constant || !tensor.data || tensor.sparsity || !element_bytes(tensor.type)) return;
  size_t bytes = element_bytes(tensor.type);
  for (int i = 0; i < tensor.dims->size; ++i) bytes *= static_cast<size_t>(tensor.dims->data[i]);
  require_layout(bytes == tensor.bytes, "tensors (size)");
}

void check_indices(const litert::IntArray* indices, size_t tensors) {
  require_layout(indices && indices->size >= 0 && static_cast<size_t>(indices->size) < kMostTensors, "nodes");
  for (int i = 0; i < indices->size; ++i) {
    int index = indices->data[i];
    require_layout(index >= litert::kOptionalTensor && (index < 0 || static_cast<size_t>(index) < tensors), "nodes");
  }
}

}  // namespace

void check_layout(litert::Context* context) {
  bool has_calls = context->GetExecutionPlan && context->ResizeTensor && context->ReportError &&
                   context->GetNodeAndRegistration && context->ReplaceNodeSubsetsWithDelegateKernels;
  require_layout(has_calls && context->tensors_size < kMostTensors, "context");
  int threads = context->recommended_num_threads;
  require_layout(threads >= -1 && threads < 1 << 16, "context (threads)");
  for (size_t i = 0; i < context->tensors_size; ++i) check_tensor(context->tensors[i]);

  litert::IntArray* plan = nullptr;
  require_layout(context->GetExecutionPlan(context, &plan) == litert::kOk && plan && plan->size >= 0, "context (plan)");
  for (int i = 0; i < plan->size; ++i) {
    litert::Node* node = nullptr;
    litert::Registration* registration = nullptr;
    bool found = context->GetNodeAndRegistration(context, plan->data[i], &node, &registration) == litert::kOk;
    require_layout(found && node && registration, "nodes");
    check_indices(node->inputs, context->tensors_size);
    check_indices(node->outputs, context->tensors_size);
    require_layout(node->custom_initial_data_size >= 0, "nodes (options)");
    bool is_custom = registration->builtin_code == litert::kCustom;
    require_layout(!is_custom || registration->custom_name || node->delegate, "registrations");
  }
}

}  // namespace larq_focal
