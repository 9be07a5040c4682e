#pragma once

#include <mutex>
#include <string>
#include <vector>

#include "../graph/network.h"
#include "graph_node.h"

namespace larq_focal {

// What the partitions of one delegate share.
struct Settings {
  const Kernel* kernel = nullptr;
  bool fuses = true;
  int thread_count = 0;  // 0 for as many as LiteRT's context says
  ThreadPool threads;
  std::mutex running;  // a delegate may serve several interpreters
};

// A part of LiteRT's graph that the delegate runs as one node.
class Partition {
 public:
  // Throws Error.
  Partition(litert::Context* context, const litert::DelegateParams& params, Settings& settings);

  void prepare(litert::Context* context);
  void run(litert::Context* context);

 private:
  void add_node(litert::Context* context, const GraphNode& node);
  void describe(const litert::Tensor& from, Tensor& to) const;

  Settings& settings_;
  Network network_;
  std::vector<int> inputs_, outputs_;  // tensors that come from outside and are not constant; that go outside
};

}  // namespace larq_focal
