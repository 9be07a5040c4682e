#pragma once

#include <set>
#include <vector>

#include "graph_node.h"

namespace larq_focal {

// Which nodes of LiteRT's graph the delegate runs: LCE's and its own, and what can be joined to these.
class Claims {
 public:
  // Without `fuses`, these alone. Throws Error.
  Claims(litert::Context* context, bool fuses);

  // The nodes to take, in sets that each take a call: first those that must not be divided, then all others.
  std::vector<std::vector<int>> node_sets() const;

 private:
  bool is_row_of(int operand, int value) const;
  bool have_same_shape(int left, int right) const;
  int sole_consumer(int tensor) const;
  void claim_after_convolution(size_t node);
  void claim_padded_addition(size_t node);
  void claim_before_quantize(size_t node);
  void claim_between(size_t node);
  bool needs(size_t node, size_t other) const;
  bool waits_for_others(size_t convolution, const std::vector<size_t>& chain) const;
  std::vector<size_t> chain_after(size_t convolution) const;

  litert::Context* context_;
  std::vector<GraphNode> nodes_;
  std::vector<bool> is_claimed_;              // by place in nodes_, as the next
  std::vector<bool> is_before_quantize_;      // elementwise operations that quantize operations and means take in
  std::vector<int> maker_;                    // by tensor: the place in nodes_, -1 where it comes from outside
  std::vector<std::vector<size_t>> readers_;  // by tensor: places in nodes_
  std::set<int> convolved_;                   // tensors made by a convolution of the delegate, or by what it takes in
  std::set<int> quantized_later_;             // tensors that a claimed operation reads on the way to a quantizer
};

}  // namespace larq_focal
