#pragma once

#include <mutex>
#include <string>
#include <vector>

#include "add.h"
#include "litert.h"
#include "network.h"

namespace larq_focal {

// What the partitions of one delegate share.
struct Settings {
  const Kernel* kernel = nullptr;
  bool fuses = true;
  ThreadPool threads;
  std::mutex running;  // a delegate may serve several interpreters
};

// The binary operations of a node, or an addition after one, as LiteRT describes them.
struct NodeView {
  int index;
  const litert::Node* node;
  const litert::Registration* registration;

  static NodeView of(litert::Context* context, int index);
  bool is_lce() const;
  bool is_addition() const { return registration->builtin_code == litert::kAdd && node->builtin_data != nullptr; }
  Activation addition_activation() const;
};

// A part of LiteRT's graph that the delegate runs as one node.
class Partition {
 public:
  // Throws Error.
  Partition(litert::Context* context, const litert::DelegateParams& params, Settings& settings);

  void prepare(litert::Context* context);
  void run(litert::Context* context);

 private:
  void add_node(litert::Context* context, const NodeView& view);
  void describe(const litert::Tensor& from, Tensor& to) const;

  Settings& settings_;
  Network network_;
  std::vector<int> inputs_, outputs_;  // tensors that come from outside and are not constant; that go outside
};

}  // namespace larq_focal
