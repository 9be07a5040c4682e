#include "partition.h"

#include <algorithm>
#include <cstdlib>
#include <set>

namespace larq_focal {
namespace {

constexpr int kMostThreads = 64;

std::vector<int> numbers(const litert::IntArray* array) {
  return array ? std::vector<int>(array->data, array->data + array->size) : std::vector<int>();
}

litert::Tensor& tensor_at(litert::Context* context, int index) {
  require(index >= 0 && static_cast<size_t>(index) < context->tensors_size, "a tensor's number is out of range.");
  return context->tensors[index];
}

Type type_of(litert::TensorType type) {
  switch (type) {
    case litert::kFloat32:
      return Type::kFloat32;
    case litert::kInt32:
      return Type::kPacked;
    case litert::kBool:
      return Type::kBool;
    case litert::kInt8:
      return Type::kInt8;
    default:
      return Type::kOther;
  }
}

bool is_constant(const litert::Tensor& tensor) {
  return tensor.allocation_type == litert::kMappedReadOnly || tensor.allocation_type == litert::kPersistentReadOnly;
}

// Resizes a tensor of LiteRT, which takes the new shape as its own.
void resize(litert::Context* context, litert::Tensor& tensor, const std::vector<int>& dims) {
  if (numbers(tensor.dims) == dims) return;
  auto* shape = static_cast<litert::IntArray*>(std::malloc(sizeof(int) * (dims.size() + 1)));
  if (!shape) throw std::bad_alloc();
  shape->size = static_cast<int>(dims.size());
  std::copy(dims.begin(), dims.end(), shape->data);
  require(context->ResizeTensor(context, &tensor, shape) == litert::kOk, "an output cannot be resized.");
}

}  // namespace

NodeView NodeView::of(litert::Context* context, int index) {
  litert::Node* node = nullptr;
  litert::Registration* registration = nullptr;
  bool found = context->GetNodeAndRegistration(context, index, &node, &registration) == litert::kOk;
  require(found && node && registration, "LiteRT does not know its own operation " + std::to_string(index) + ".");
  return {index, node, registration};
}

bool NodeView::is_lce() const {
  return registration->builtin_code == litert::kCustom && registration->custom_name &&
         is_lce_operation(registration->custom_name);
}

Activation NodeView::addition_activation() const {
  return static_cast<Activation>(static_cast<const litert::ElementwiseParams*>(node->builtin_data)->activation);
}

Partition::Partition(litert::Context* context, const litert::DelegateParams& params, Settings& settings)
    : settings_(settings) {
  for (int index : numbers(params.nodes_to_replace)) add_node(context, NodeView::of(context, index));
  for (int index : numbers(params.input_tensors)) {
    if (index >= 0 && !is_constant(tensor_at(context, index))) inputs_.push_back(index);
  }
  outputs_ = numbers(params.output_tensors);
  for (int index : outputs_) tensor_at(context, index);
  network_.set_outputs(std::set<int>(outputs_.begin(), outputs_.end()));
  if (settings_.fuses) network_.fuse();
}

void Partition::add_node(litert::Context* context, const NodeView& view) {
  const std::vector<int> inputs = numbers(view.node->inputs), outputs = numbers(view.node->outputs);
  for (int index : inputs) {
    if (index >= 0) describe(tensor_at(context, index), network_.tensor(index));
  }
  for (int index : outputs) describe(tensor_at(context, index), network_.tensor(index));
  const std::string kind = view.is_addition() ? "ADD" : view.registration->custom_name;
  const std::string name = kind + " (operation " + std::to_string(view.index) + " of the model)";
  try {
    std::unique_ptr<Operation> operation;
    if (view.is_addition()) {
      operation = std::make_unique<Add>(view.addition_activation());
    } else {
      operation = make_lce_operation(kind, view.node->custom_initial_data, view.node->custom_initial_data_size,
                                     *settings_.kernel);
    }
    network_.add(name, std::move(operation), inputs, outputs);
  } catch (const Error& error) {
    throw Error(name + ": " + error.what());
  }
}

void Partition::describe(const litert::Tensor& from, Tensor& to) const {
  to.type = type_of(from.type);
  to.dims = numbers(from.dims);
  to.scale = from.params.scale;
  to.zero_point = from.params.zero_point;
  to.is_constant = is_constant(from) && from.data;
  if (!to.is_constant) return;
  bool is_whole = to.type == Type::kOther || byte_count(to) <= from.bytes;
  require(is_whole, "a constant of the shape " + shape_text(to.dims) + " holds only " + std::to_string(from.bytes) +
                        " bytes: the model is damaged.");
  to.data = from.data;
}

void Partition::prepare(litert::Context* context) {
  for (int index : inputs_) network_.tensor(index).dims = numbers(tensor_at(context, index).dims);
  network_.prepare();
  for (int index : outputs_) resize(context, tensor_at(context, index), network_.tensor(index).dims);
}

void Partition::run(litert::Context* context) {
  std::lock_guard<std::mutex> lock(settings_.running);
  for (const std::vector<int>* side : {&inputs_, &outputs_}) {
    for (int index : *side) {
      const litert::Tensor& outside = tensor_at(context, index);
      Tensor& tensor = network_.tensor(index);
      require(outside.data && outside.bytes >= byte_count(tensor), "a tensor has no memory: allocate the tensors.");
      tensor.data = outside.data;
    }
  }
  settings_.threads.resize(std::clamp(context->recommended_num_threads, 1, kMostThreads));
  network_.run(settings_.threads);
}

}  // namespace larq_focal
