#pragma once

#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "../base/aligned_buffer.h"
#include "../operations/operation.h"

namespace larq_focal {

// Operations in the order in which they run, with the tensors between them. Knows nothing of LiteRT.
class Network {
 public:
  // The tensor of that number, which is made at its first use.
  Tensor& tensor(int number) { return tensors_[number]; }

  // `name` stands in error messages. Input numbers below 0 stand for inputs left out. Throws Error where an output is
  // not new: each value is made once, before it is used.
  void add(std::string name, std::unique_ptr<Operation> operation, const std::vector<int>& inputs,
           const std::vector<int>& outputs);

  // Says which tensors the network gives; all others that its operations produce are its own.
  void set_outputs(const std::set<int>& numbers);

  // Joins elementwise, quantize and concatenation operations to what comes before or behind them, where nothing else
  // changes. In fusion.cc.
  void fuse();

  // Sets the shapes of all tensors from those that come from outside, and makes room for its own. Throws Error.
  void prepare();

  // Throws Error.
  void run(ThreadPool& threads);

 private:
  struct Step {
    std::string name;
    std::unique_ptr<Operation> operation;
  };

  bool is_own(const Tensor* tensor) const { return outputs_.count(tensor) == 0; }
  int producer(const Tensor* tensor) const;
  int last_consumer(const Tensor* tensor) const { return last_consumer_but(tensor, -1); }
  int last_consumer_but(const Tensor* tensor, int step) const;
  int consumer_count(const Tensor* tensor) const;
  template <typename Kind>
  Kind* producing(const Tensor* tensor) const;

  bool fuse_into_convolution(int index);
  bool fuse_padded_addition(int index);
  bool fuse_into_consumers(int index);
  bool fuse_quantize(int index);
  bool fuse_levels(int index);
  void make_views(int index);
  bool may_be_view(const Tensor* tensor) const;
  bool is_read_later(const Tensor* tensor, int but, int from) const;

  void allocate();

  std::map<int, Tensor> tensors_;
  std::vector<Step> steps_;
  std::set<const Tensor*> outputs_;
  std::vector<AlignedBuffer> buffers_;
};

}  // namespace larq_focal
