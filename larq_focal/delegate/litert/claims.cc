#include "claims.h"

#include <algorithm>

namespace larq_focal {

Claims::Claims(litert::Context* context, bool fuses)
    : context_(context), maker_(context->tensors_size, -1), readers_(context->tensors_size) {
  litert::IntArray* plan = nullptr;
  require(context->GetExecutionPlan(context, &plan) == litert::kOk, "LiteRT has no execution plan.");
  for (int index : to_vector(plan)) nodes_.emplace_back(context, index);
  is_claimed_.assign(nodes_.size(), false);
  is_before_quantize_.assign(nodes_.size(), false);
  for (size_t i = 0; i < nodes_.size(); ++i) {
    for (int tensor : nodes_[i].inputs()) {
      if (tensor >= 0) readers_[tensor].push_back(i);
    }
    for (int tensor : nodes_[i].outputs()) {
      if (tensor >= 0) maker_[tensor] = static_cast<int>(i);
    }
    if (nodes_[i].kind() == GraphNode::Kind::kCustom) is_claimed_[i] = true;
    if (nodes_[i].is_quantizer() && !nodes_[i].inputs().empty()) quantized_later_.insert(nodes_[i].inputs()[0]);
    if (nodes_[i].is_convolution()) convolved_.insert(nodes_[i].outputs().begin(), nodes_[i].outputs().end());
  }
  if (!fuses) return;
  for (size_t i = 0; i < nodes_.size(); ++i) claim_after_convolution(i);
  for (size_t i = nodes_.size(); i-- > 0;) claim_before_quantize(i);
  for (size_t i = 0; i < nodes_.size(); ++i) claim_between(i);
}

bool Claims::is_row_of(int operand, int value) const {
  const std::vector<int> row = to_vector(context_->tensors[operand].dims);
  const std::vector<int> dims = to_vector(context_->tensors[value].dims);
  if (dims.empty() || !is_row(row)) return false;
  const int values = row.empty() ? 1 : row.back();
  return values == dims.back() || (values == 1 && is_constant(context_->tensors[operand]));
}

bool Claims::have_same_shape(int left, int right) const {
  return to_vector(context_->tensors[left].dims) == to_vector(context_->tensors[right].dims);
}

// The only node that reads a tensor, -1 where there are several or none.
int Claims::sole_consumer(int tensor) const {
  return readers_[tensor].size() == 1 ? static_cast<int>(readers_[tensor][0]) : -1;
}

// convolution -> MUL, ADD, PRELU, CONCATENATION
void Claims::claim_after_convolution(size_t node) {
  const GraphNode& at = nodes_[node];
  if (at.kind() == GraphNode::Kind::kConcatenation) {
    is_claimed_[node] = std::any_of(at.inputs().begin(), at.inputs().end(), [&](int tensor) {
      return convolved_.count(tensor) > 0 && sole_consumer(tensor) >= 0;
    });
  } else if (at.kind() == GraphNode::Kind::kChannelPadding) {
    claim_padded_addition(node);
  } else if (at.kind() == GraphNode::Kind::kElementwise) {
    for (int side = 0; side < (at.takes_either_side() ? 2 : 1); ++side) {
      const int product = at.inputs()[side], operand = at.inputs()[1 - side];
      if (convolved_.count(product) == 0 || sole_consumer(product) < 0) continue;
      if (!have_same_shape(product, operand) && !is_row_of(operand, product)) continue;
      is_claimed_[node] = true;
      convolved_.insert(at.outputs()[0]);
    }
  }
}

// convolution -> PAD of channels -> ADD
void Claims::claim_padded_addition(size_t node) {
  const int product = nodes_[node].inputs()[0], padded = nodes_[node].outputs()[0];
  const int addition = sole_consumer(padded);
  if (convolved_.count(product) == 0 || sole_consumer(product) < 0 || addition < 0) return;
  const GraphNode& sum = nodes_[addition];
  if (sum.name() != "ADD" || !have_same_shape(sum.inputs()[0], sum.inputs()[1])) return;
  is_claimed_[node] = is_claimed_[addition] = true;
}

// MUL, ADD, PRELU by constants of the channels -> quantize, and the means of what these give
void Claims::claim_before_quantize(size_t node) {
  const GraphNode& at = nodes_[node];
  if (at.kind() != GraphNode::Kind::kElementwise || quantized_later_.count(at.outputs()[0]) == 0) return;
  for (int side = 0; side < (at.takes_either_side() ? 2 : 1); ++side) {
    const int value = at.inputs()[side], operand = at.inputs()[1 - side];
    if (!is_constant(context_->tensors[operand]) || !is_row_of(operand, value)) continue;
    is_claimed_[node] = true;
    is_before_quantize_[node] = true;
    quantized_later_.insert(value);
    for (size_t reader : readers_[at.outputs()[0]]) {
      if (nodes_[reader].kind() == GraphNode::Kind::kImageMean) is_claimed_[reader] = true;
    }
    return;
  }
}

// binary convolution -> MAX_POOL_2D; convolution of each channel by itself -> quantize
void Claims::claim_between(size_t node) {
  const GraphNode& at = nodes_[node];
  if (at.kind() == GraphNode::Kind::kMaxPool) {
    is_claimed_[node] = convolved_.count(at.inputs()[0]) > 0;
  } else if (at.kind() == GraphNode::Kind::kDepthwise) {
    const int reader = sole_consumer(at.outputs()[0]);
    is_claimed_[node] = reader >= 0 && nodes_[reader].is_custom("LceQuantize");
  }
}

// Whether a node needs the output of another one, directly or not. Nodes are in the order in which they can run.
bool Claims::needs(size_t node, size_t other) const {
  std::vector<bool> is_needed(node + 1, false);
  is_needed[node] = true;
  for (size_t i = node + 1; i-- > other;) {
    if (!is_needed[i]) continue;
    for (int tensor : nodes_[i].inputs()) {
      if (tensor >= 0 && maker_[tensor] >= 0 && maker_[tensor] < static_cast<int>(i)) is_needed[maker_[tensor]] = true;
    }
  }
  return is_needed[other];
}

// What the convolution takes in: elementwise operations one after another, then those on the way to signs and means.
std::vector<size_t> Claims::chain_after(size_t convolution) const {
  std::vector<size_t> chain{convolution};
  for (size_t i = 0; i < chain.size(); ++i) {
    const std::vector<int>& outputs = nodes_[chain[i]].outputs();
    if (outputs.empty() || outputs[0] < 0) continue;
    for (size_t reader : readers_[outputs[0]]) {
      const GraphNode& at = nodes_[reader];
      const bool ends = at.is_quantizer() || at.kind() == GraphNode::Kind::kImageMean;
      const bool goes_on = is_before_quantize_[reader] || (at.kind() == GraphNode::Kind::kElementwise &&
                                                           sole_consumer(outputs[0]) == static_cast<int>(reader));
      const bool is_next = is_claimed_[reader] && (ends || goes_on) && !nodes_[chain[i]].is_quantizer();
      if (is_next && std::find(chain.begin(), chain.end(), reader) == chain.end()) chain.push_back(reader);
    }
  }
  std::sort(chain.begin(), chain.end());
  return chain;
}

// Whether the chain needs a value of somebody else's that does not wait for the same values as the convolution. LiteRT
// would run the convolution as early as it can, and the chain later.
bool Claims::waits_for_others(size_t convolution, const std::vector<size_t>& chain) const {
  for (size_t node : chain) {
    if (node == convolution) continue;
    for (int tensor : nodes_[node].inputs()) {
      const int maker = tensor >= 0 ? maker_[tensor] : -1;
      if (maker >= 0 && !is_claimed_[maker] && !needs(convolution, maker)) return true;
    }
  }
  return false;
}

std::vector<std::vector<int>> Claims::node_sets() const {
  std::vector<std::vector<int>> sets;
  std::vector<bool> is_left = is_claimed_;
  for (size_t i = 0; i < nodes_.size(); ++i) {
    if (!nodes_[i].is_convolution()) continue;
    const std::vector<size_t> chain = chain_after(i);
    const bool is_whole = std::all_of(chain.begin(), chain.end(), [&](size_t node) { return is_left[node]; });
    if (!is_whole || !waits_for_others(i, chain)) continue;
    sets.emplace_back();
    for (size_t node : chain) {
      sets.back().push_back(nodes_[node].index());
      is_left[node] = false;
    }
  }
  std::vector<int> rest;
  for (size_t i = 0; i < nodes_.size(); ++i) {
    if (is_left[i]) rest.push_back(nodes_[i].index());
  }
  if (!rest.empty()) sets.push_back(rest);
  return sets;
}

}  // namespace larq_focal
