#include "partition.h"

#include <algorithm>
#include <cstdlib>
#include <set>

namespace larq_focal {
namespace {

constexpr int kMostThreads = 64;

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

// Resizes a tensor of LiteRT, which takes the new shape as its own.
void resize(litert::Context* context, litert::Tensor& tensor, const std::vector<int>& dims) {
  if (to_vector(tensor.dims) == dims) return;
  auto* shape = static_cast<litert::IntArray*>(std::malloc(sizeof(int) * (dims.size() + 1)));
  if (!shape) throw std::bad_alloc();
  shape->size = static_cast<int>(dims.size());
  std::copy(dims.begin(), dims.end(), shape->data);
  require(context->ResizeTensor(context, &tensor, shape) == litert::kOk, "an output cannot be resized.");
}

}  // namespace

Partition::Partition(litert::Context* context, const litert::DelegateParams& params, Settings& settings)
    : settings_(settings) {
  for (int index : to_vector(params.nodes_to_replace)) add_node(context, GraphNode(context, index));
  for (int index : to_vector(params.input_tensors)) {
    if (index >= 0 && !is_constant(tensor_at(context, index))) inputs_.push_back(index);
  }
  outputs_ = to_vector(params.output_tensors);
  for (int index : outputs_) tensor_at(context, index);
  network_.set_outputs(std::set<int>(outputs_.begin(), outputs_.end()));
  if (settings_.fuses) network_.fuse();
}

void Partition::add_node(litert::Context* context, const GraphNode& node) {
  for (int index : node.operands()) {
    if (index >= 0) describe(tensor_at(context, index), network_.tensor(index));
  }
  for (int index : node.outputs()) describe(tensor_at(context, index), network_.tensor(index));
  const std::string name = node.name() + " (operation " + std::to_string(node.index()) + " of the model)";
  try {
    network_.add(name, node.operation(*settings_.kernel), node.operands(), node.outputs());
  } catch (const Error& error) {
    throw Error(name + ": " + error.what());
  }
}

void Partition::describe(const litert::Tensor& from, Tensor& to) const {
  to.type = type_of(from.type);
  to.dims = to_vector(from.dims);
  to.scale = from.params.scale;
  to.zero_point = from.params.zero_point;
  to.is_constant = is_constant(from) && from.data;
  if (!to.is_constant) return;
  bool is_whole = to.type == Type::kOther || byte_count(to) <= from.bytes;
  require(is_whole, [&] {
    return "a constant of the shape " + shape_text(to.dims) + " holds only " + std::to_string(from.bytes) +
           " bytes: the model is damaged.";
  });
  to.data = from.data;
}

void Partition::prepare(litert::Context* context) {
  for (int index : inputs_) network_.tensor(index).dims = to_vector(tensor_at(context, index).dims);
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
  const int threads = settings_.thread_count > 0 ? settings_.thread_count : context->recommended_num_threads;
  settings_.threads.resize(std::clamp(threads, 1, kMostThreads));
  network_.run(settings_.threads);
}

}  // namespace larq_focal
