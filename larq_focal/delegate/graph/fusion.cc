// Which operations a network joins. No rule changes a value that something else uses, nor how a value is rounded.
#include <algorithm>

#include "../operations/channel_mean.h"
#include "../operations/channels.h"
#include "../operations/depthwise_convolution.h"
#include "../operations/elementwise.h"
#include "../operations/fused_convolution.h"
#include "../operations/quantize.h"
#include "../operations/quantize_levels.h"
#include "network.h"

namespace larq_focal {

// The operation that makes a tensor, if it is of this kind; else null.
template <typename Kind>
Kind* Network::producing(const Tensor* tensor) const {
  const int maker = producer(tensor);
  return maker < 0 ? nullptr : dynamic_cast<Kind*>(steps_[maker].operation.get());
}

void Network::fuse() {
  const auto fuse_all = [this](bool (Network::*rule)(int)) {
    for (int i = 0; i < static_cast<int>(steps_.size());) {
      if ((this->*rule)(i)) {
        steps_.erase(steps_.begin() + i);
      } else {
        ++i;
      }
    }
  };
  fuse_all(&Network::fuse_into_convolution);
  fuse_all(&Network::fuse_padded_addition);
  // From the last to the first, so that chains join one by one.
  for (int i = static_cast<int>(steps_.size()) - 1; i >= 0; --i) {
    if (fuse_into_consumers(i)) steps_.erase(steps_.begin() + i);
  }
  fuse_all(&Network::fuse_quantize);
  for (int i = 0; i < static_cast<int>(steps_.size()); ++i) make_views(i);
}

// convolution -> elementwise: the convolution does it, if the other value is there before it runs.
bool Network::fuse_into_convolution(int index) {
  auto* elementwise = dynamic_cast<Elementwise*>(steps_[index].operation.get());
  if (!elementwise || elementwise->inputs.size() != 2 || elementwise->outputs.size() != 1) return false;
  for (int side = 0; side < (elementwise->takes_either_side() ? 2 : 1); ++side) {
    const Tensor* product = elementwise->inputs[side];
    const Tensor* operand = elementwise->inputs[1 - side];
    auto* convolution = producing<FusedConvolution>(product);
    const bool is_fusible = convolution && operand && convolution->takes_more() && consumer_count(product) == 1 &&
                            !product->dims.empty() && operand->type == Type::kFloat32 &&
                            elementwise->outputs[0]->type == Type::kFloat32 && producer(operand) < producer(product) &&
                            (operand->dims == product->dims || is_channelwise(*operand, product->dims.back()));
    if (!is_fusible) continue;
    convolution->take_in(elementwise->step(side), elementwise->outputs[0]);
    return true;
  }
  return false;
}

// padding of channels -> addition: the addition leaves the other channels as they are. The padding goes.
bool Network::fuse_padded_addition(int index) {
  auto* padding = dynamic_cast<ChannelPadding*>(steps_[index].operation.get());
  if (!padding || padding->inputs.size() != 1 || padding->outputs.size() != 1) return false;
  const Tensor* padded = padding->outputs[0];
  if (consumer_count(padded) != 1 || !is_own(padded)) return false;
  Step& step = steps_[last_consumer(padded)];
  auto* addition = dynamic_cast<Elementwise*>(step.operation.get());
  if (!addition || !addition->is_plain_addition() || addition->inputs.size() != 2 || addition->outputs.size() != 1) {
    return false;
  }
  Tensor* sum = addition->inputs[addition->inputs[0] == padded ? 1 : 0];
  if (!sum || sum->dims != padded->dims) return false;
  auto slice_addition = std::make_unique<SliceAddition>(padding->before());
  slice_addition->inputs = {sum, padding->inputs[0]};
  slice_addition->outputs = addition->outputs;
  step.operation = std::move(slice_addition);
  return true;
}

// elementwise with constants -> quantize, mean: these do it as they read. True if nothing else needs its output.
bool Network::fuse_into_consumers(int index) {
  auto* elementwise = dynamic_cast<Elementwise*>(steps_[index].operation.get());
  if (!elementwise || elementwise->inputs.size() != 2 || elementwise->outputs.size() != 1) return false;
  if (!elementwise->inputs[0] || !elementwise->inputs[1]) return false;
  const int side = elementwise->value_side();
  Tensor* value = elementwise->inputs[side];
  const Tensor* operand = elementwise->inputs[1 - side];
  const bool is_fusible = value->type == Type::kFloat32 && operand->type == Type::kFloat32 && operand->is_constant &&
                          elementwise->outputs[0]->type == Type::kFloat32 && !value->dims.empty() &&
                          is_channelwise(*operand, value->dims.back());
  if (!is_fusible) return false;
  for (Step& step : steps_) {
    auto* consumer = dynamic_cast<OperationWithSteps*>(step.operation.get());
    if (!consumer || consumer->inputs.empty() || consumer->inputs[0] != elementwise->outputs[0]) continue;
    consumer->take_in(value, elementwise->step(side));
  }
  return consumer_count(elementwise->outputs[0]) == 0;
}

// convolution -> quantize: the convolution quantizes its output. It stores its floats too where something else uses them,
// but for a depthwise one, which gives either.
bool Network::fuse_quantize(int index) {
  auto* quantize = dynamic_cast<Quantize*>(steps_[index].operation.get());
  if (!quantize) return fuse_levels(index);
  if (quantize->inputs.empty() || quantize->outputs.size() != 1) return false;
  Tensor* values = quantize->inputs[0];
  auto* depthwise = producing<DepthwiseConvolution>(values);
  if (depthwise && consumer_count(values) == 1 && quantize->steps().count() == 0) {
    depthwise->take_in_signs(quantize->outputs[0]);
    return true;
  }
  auto* convolution = producing<FusedConvolution>(values);
  if (!convolution || !convolution->takes_more()) return false;
  values->is_stored = consumer_count(values) > 1;
  convolution->take_in_signs(quantize->steps(), quantize->outputs[0]);
  return true;
}

bool Network::fuse_levels(int index) {
  auto* quantize = dynamic_cast<QuantizeLevels*>(steps_[index].operation.get());
  if (!quantize || quantize->inputs.size() < 2 || !quantize->thresholds() || quantize->outputs.size() != 1) return false;
  Tensor* values = quantize->inputs[0];
  auto* convolution = producing<FusedConvolution>(values);
  if (!convolution || !convolution->takes_more()) return false;
  values->is_stored = consumer_count(values) > 1;
  convolution->take_in_levels(quantize->steps(), quantize->levels(), quantize->thresholds(), quantize->outputs[0]);
  return true;
}

// concatenation, addition to a slice: what they gather is made in its place.
void Network::make_views(int index) {
  Operation& gathering = *steps_[index].operation;
  if (dynamic_cast<Concatenation*>(&gathering)) {
    int64_t first_channel = 0;  // as the model tells it; the concatenation checks it
    for (Tensor* piece : gathering.inputs) {
      if (!piece || piece->dims.empty() || first_channel > INT32_MAX) return;
      if (may_be_view(piece)) {
        piece->whole = gathering.outputs[0];
        piece->first_channel = static_cast<int>(first_channel);
      }
      first_channel += piece->dims.back();
    }
    return;
  }
  auto* addition = dynamic_cast<SliceAddition*>(&gathering);
  if (!addition) return;
  Tensor* sum = addition->inputs[0];
  Tensor* slice = addition->inputs[1];
  auto* convolution = producing<FusedConvolution>(slice);
  const bool adds_itself = convolution && convolution->takes_more() && consumer_count(slice) == 1 && is_own(slice) &&
                           !slice->whole && producer(sum) < producer(slice) && sum != slice;
  if (!adds_itself || !may_be_view(sum) || is_read_later(sum, index, producer(slice))) return;
  sum->whole = slice->whole = addition->outputs[0];
  slice->first_channel = addition->first_channel();
  convolution->take_in({FloatStep::Kind::kAdd, slice, range_of(Activation::kNone)}, slice);
}

// Whether a step other than `but` reads the tensor or a view of it at step `from` or later.
bool Network::is_read_later(const Tensor* tensor, int but, int from) const {
  return std::any_of(tensors_.begin(), tensors_.end(), [&](const auto& entry) {
    const Tensor* view = &entry.second;
    while (view && view != tensor) view = view->whole;
    return view && last_consumer_but(&entry.second, but) >= from;
  });
}

bool Network::may_be_view(const Tensor* tensor) const {
  const int maker = producer(tensor);
  return maker >= 0 && is_own(tensor) && tensor->is_stored && !tensor->whole &&
         steps_[maker].operation->writes_views() && steps_[maker].operation->outputs[0] == tensor;
}

}  // namespace larq_focal
