#include "graph_node.h"

#include "../operations/channel_mean.h"
#include "../operations/channels.h"
#include "../operations/depthwise_convolution.h"
#include "../operations/elementwise.h"
#include "../operations/float_max_pool.h"

namespace larq_focal {

std::vector<int> to_vector(const litert::IntArray* array) {
  return array ? std::vector<int>(array->data, array->data + array->size) : std::vector<int>();
}

bool is_constant(const litert::Tensor& tensor) {
  return tensor.allocation_type == litert::kMappedReadOnly || tensor.allocation_type == litert::kPersistentReadOnly;
}

GraphNode::GraphNode(litert::Context* context, int index) : context_(context), index_(index) {
  const bool found = context->GetNodeAndRegistration(context, index, &node_, &registration_) == litert::kOk;
  require(found && node_ && registration_,
          [&] { return "LiteRT does not know its own operation " + std::to_string(index) + "."; });
  inputs_ = to_vector(node_->inputs);
  outputs_ = to_vector(node_->outputs);
  kind_ = find_kind();
}

bool GraphNode::is_convolution() const {
  return is_custom("LceBconv2d") || is_custom("LqfConv2d") || is_custom("LqfFullyConnected");
}

bool GraphNode::is_quantizer() const { return is_custom("LceQuantize") || is_custom("LqfQuantize"); }

GraphNode::Kind GraphNode::find_kind() {
  if (registration_->builtin_code == litert::kCustom) {
    if (!registration_->custom_name || !is_custom_operation(registration_->custom_name)) return Kind::kOther;
    name_ = registration_->custom_name;
    return Kind::kCustom;
  }
  if (node_->delegate || outputs_.size() != 1 || !are_floats()) return Kind::kOther;
  const bool has_two = inputs_.size() == 2 && inputs_[0] >= 0 && inputs_[1] >= 0 && is_float(inputs_[1]);
  const void* params_data = node_->builtin_data;
  Kind kind = Kind::kOther;
  switch (registration_->builtin_code) {
    case litert::kAdd:
    case litert::kMul:
      if (!has_two || !params_data) break;
      activation_ = params<litert::ElementwiseParams>().activation;
      step_ = registration_->builtin_code == litert::kAdd ? FloatStep::Kind::kAdd : FloatStep::Kind::kMultiply;
      name_ = registration_->builtin_code == litert::kAdd ? "ADD" : "MUL";
      kind = Kind::kElementwise;
      break;
    case litert::kPrelu:
      if (!has_two) break;
      step_ = FloatStep::Kind::kPrelu;
      name_ = "PRELU";
      kind = Kind::kElementwise;
      break;
    case litert::kConcatenation: {
      if (!params_data) break;
      const auto& concatenation = params<litert::ConcatenationParams>();
      const int last = dims(outputs_[0])->size - 1;
      if (concatenation.activation != 0 || (concatenation.axis != last && concatenation.axis != -1)) break;
      name_ = "CONCATENATION";
      kind = Kind::kConcatenation;
      break;
    }
    case litert::kPad:
      if (!pads_channels()) break;
      name_ = "PAD";
      kind = Kind::kChannelPadding;
      break;
    case litert::kAveragePool2d:
      if (!params_data || !takes_image_mean()) break;
      activation_ = params<litert::PoolParams>().activation;
      name_ = "AVERAGE_POOL_2D";
      kind = Kind::kImageMean;
      break;
    case litert::kMaxPool2d:
      if (!params_data || !takes_max_pool()) break;
      name_ = "MAX_POOL_2D";
      kind = Kind::kMaxPool;
      break;
    case litert::kConv2d:  // of one channel to one
      if (!params_data || !takes_depthwise<litert::ConvolutionParams>() || dims(inputs_[0])->data[3] != 1) break;
      name_ = "CONV_2D";
      kind = Kind::kDepthwise;
      break;
    case litert::kDepthwiseConv2d:
      if (!params_data || !takes_depthwise<litert::DepthwiseParams>()) break;
      name_ = "DEPTHWISE_CONV_2D";
      kind = Kind::kDepthwise;
      break;
    default:
      break;
  }
  return activation_ >= 0 && activation_ <= static_cast<int>(Activation::kRelu6) ? kind : Kind::kOther;
}

bool GraphNode::is_float(int tensor) const {
  return context_->tensors[tensor].type == litert::kFloat32 && dims(tensor);
}

// Whether the output and all inputs are float32, but for the paddings of PAD.
bool GraphNode::are_floats() const {
  if (outputs_[0] < 0 || !is_float(outputs_[0]) || inputs_.empty()) return false;
  for (size_t i = 0; i < inputs_.size(); ++i) {
    const bool is_paddings = registration_->builtin_code == litert::kPad && i == 1;
    if (inputs_[i] < 0 || (!is_paddings && !is_float(inputs_[i]))) return false;
  }
  return true;
}

bool GraphNode::pads_channels() {
  if (inputs_.size() != 2) return false;
  const litert::Tensor& paddings = context_->tensors[inputs_[1]];
  const int rank = dims(inputs_[0])->size;
  const size_t bytes = 2 * sizeof(int32_t) * rank;
  const bool is_known = paddings.type == litert::kInt32 && is_constant(paddings) && paddings.data;
  if (rank < 1 || !is_known || paddings.bytes != bytes) return false;
  const auto* counts = static_cast<const int32_t*>(paddings.data);
  for (int i = 0; i < 2 * rank - 2; ++i) {
    if (counts[i] != 0) return false;
  }
  before_ = counts[2 * rank - 2];
  behind_ = counts[2 * rank - 1];
  return before_ >= 0 && behind_ >= 0;
}

bool GraphNode::takes_image_mean() const {
  const auto& pool = params<litert::PoolParams>();
  const litert::IntArray* from = dims(inputs_[0]);
  const litert::IntArray* to = dims(outputs_[0]);
  return inputs_.size() == 1 && from->size == 4 && to->size == 4 && to->data[1] == 1 && to->data[2] == 1 &&
         pool.filter_height == from->data[1] && pool.filter_width == from->data[2];
}

bool GraphNode::set_padding(int padding) {
  padding_ = padding == litert::kSamePadding ? Padding::kSame : Padding::kValid;
  return padding == litert::kSamePadding || padding == litert::kValidPadding;
}

bool GraphNode::takes_max_pool() {
  const auto& pool = params<litert::PoolParams>();
  return inputs_.size() == 1 && dims(inputs_[0])->size == 4 && pool.activation == 0 && pool.filter_height > 0 &&
         pool.filter_width > 0 && pool.stride_height > 0 && pool.stride_width > 0 && set_padding(pool.padding);
}

// Whether it is a convolution of each channel by itself that DepthwiseConvolution can do.
template <typename Params>
bool GraphNode::takes_depthwise() {
  const auto& conv = params<Params>();
  if (inputs_.size() != 3 || !is_constant(context_->tensors[inputs_[1]]) || !is_constant(context_->tensors[inputs_[2]])) {
    return false;
  }
  const litert::IntArray *image = dims(inputs_[0]), *filter = dims(inputs_[1]), *bias = dims(inputs_[2]);
  const bool is_plain = conv.activation == 0 && conv.stride_width == 1 && conv.stride_height == 1 &&
                        conv.dilation_width == 1 && conv.dilation_height == 1;
  return is_plain && image->size == 4 && filter->size == 4 && bias->size == 1 && filter->data[0] == 1 &&
         filter->data[3] == image->data[3] && bias->data[0] == image->data[3] &&
         DepthwiseConvolution::takes(image->data[3]) && set_padding(conv.padding);
}

std::unique_ptr<Operation> GraphNode::operation(const Kernel& kernel) const {
  switch (kind_) {
    case Kind::kCustom:
      return make_custom_operation(name_, node_->custom_initial_data, node_->custom_initial_data_size, kernel);
    case Kind::kElementwise:
      return std::make_unique<Elementwise>(step_, static_cast<Activation>(activation_));
    case Kind::kConcatenation:
      return std::make_unique<Concatenation>();
    case Kind::kChannelPadding:
      return std::make_unique<ChannelPadding>(before_, behind_);
    case Kind::kImageMean: {
      const auto& pool = params<litert::PoolParams>();
      return std::make_unique<ChannelMean>(kernel, pool.filter_height, pool.filter_width,
                                           static_cast<Activation>(activation_));
    }
    case Kind::kMaxPool: {
      const auto& pool = params<litert::PoolParams>();
      return std::make_unique<FloatMaxPool>(kernel, Axis{pool.filter_height, pool.stride_height, 1, padding_},
                                            Axis{pool.filter_width, pool.stride_width, 1, padding_});
    }
    case Kind::kDepthwise:
      return std::make_unique<DepthwiseConvolution>(kernel, padding_);
    case Kind::kOther:
      break;
  }
  throw Error("there is no such operation.");
}

// The paddings of PAD are known beforehand.
std::vector<int> GraphNode::operands() const {
  if (kind_ == Kind::kChannelPadding) return {inputs_[0]};
  return inputs_;
}

}  // namespace larq_focal
