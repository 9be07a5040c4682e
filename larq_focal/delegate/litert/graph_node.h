#pragma once

#include <memory>
#include <string>
#include <vector>

#include "../operations/operation.h"
#include "../operations/window.h"
#include "litert.h"

namespace larq_focal {

// A node of LiteRT's graph as the delegate sees it: which of our operations it is, if any.
class GraphNode {
 public:
  enum class Kind { kOther, kCustom, kElementwise, kConcatenation, kChannelPadding, kImageMean, kMaxPool, kDepthwise };

  // Throws Error.
  GraphNode(litert::Context* context, int index);

  int index() const { return index_; }
  Kind kind() const { return kind_; }
  bool is_convolution() const;  // one of ours or of LCE's
  bool is_quantizer() const;
  bool is_custom(const char* name) const { return kind_ == Kind::kCustom && name_ == name; }
  const std::string& name() const { return name_; }

  // Tensors by their number; in inputs -1 where one is left out.
  const std::vector<int>& inputs() const { return inputs_; }
  const std::vector<int>& outputs() const { return outputs_; }
  bool takes_either_side() const { return step_ != FloatStep::Kind::kPrelu; }

  // Our operation, and those of its inputs that it reads as it runs. Throws Error.
  std::unique_ptr<Operation> operation(const Kernel& kernel) const;
  std::vector<int> operands() const;

 private:
  Kind find_kind();
  bool is_float(int tensor) const;
  const litert::IntArray* dims(int tensor) const { return context_->tensors[tensor].dims; }
  bool are_floats() const;
  bool pads_channels();
  bool takes_image_mean() const;
  bool takes_max_pool();
  template <typename Params>
  bool takes_depthwise();
  bool set_padding(int padding);
  template <typename Params>
  const Params& params() const {
    return *static_cast<const Params*>(node_->builtin_data);
  }

  litert::Context* context_;
  int index_;
  litert::Node* node_ = nullptr;
  litert::Registration* registration_ = nullptr;
  std::vector<int> inputs_, outputs_;
  Kind kind_ = Kind::kOther;
  std::string name_;
  FloatStep::Kind step_ = FloatStep::Kind::kAdd;  // of an elementwise operation
  int activation_ = 0;
  int before_ = 0, behind_ = 0;  // channels of padding
  Padding padding_ = Padding::kSame;
};

std::vector<int> to_vector(const litert::IntArray* array);

bool is_constant(const litert::Tensor& tensor);

}  // namespace larq_focal
