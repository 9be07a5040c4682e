#include "network.h"

#include <algorithm>

#include "add.h"
#include "convolution.h"
#include "quantize.h"

namespace larq_focal {

void Network::add(std::string name, std::unique_ptr<Operation> operation, const std::vector<int>& inputs,
                  const std::vector<int>& outputs) {
  for (int number : inputs) operation->inputs.push_back(number < 0 ? nullptr : &tensor(number));
  for (int number : outputs) {
    Tensor* made = &tensor(number);
    bool is_new = !made->is_constant && producer(made) < 0 && last_consumer(made) < 0 &&
                  std::count(operation->inputs.begin(), operation->inputs.end(), made) == 0 &&
                  std::count(operation->outputs.begin(), operation->outputs.end(), made) == 0;
    require(is_new, name + ": its output is already the output or the input of another operation.");
    operation->outputs.push_back(made);
  }
  steps_.push_back({std::move(name), std::move(operation)});
}

void Network::set_outputs(const std::set<int>& numbers) {
  for (int number : numbers) outputs_.insert(&tensor(number));
}

// The step that produces a tensor, -1 where it comes from outside.
int Network::producer(const Tensor* tensor) const {
  for (size_t i = 0; i < steps_.size(); ++i) {
    const std::vector<Tensor*>& made = steps_[i].operation->outputs;
    if (std::find(made.begin(), made.end(), tensor) != made.end()) return static_cast<int>(i);
  }
  return -1;
}

int Network::last_consumer(const Tensor* tensor) const {
  for (size_t i = steps_.size(); i-- > 0;) {
    const std::vector<Tensor*>& used = steps_[i].operation->inputs;
    if (std::find(used.begin(), used.end(), tensor) != used.end()) return static_cast<int>(i);
  }
  return -1;
}

int Network::consumer_count(const Tensor* tensor) const {
  int count = is_own(tensor) ? 0 : 1;
  for (const Step& step : steps_) {
    const std::vector<Tensor*>& used = step.operation->inputs;
    count += static_cast<int>(std::count(used.begin(), used.end(), tensor));
  }
  return count;
}

void Network::fuse() {
  for (size_t i = 0; i < steps_.size();) {
    if (fuse_addition(static_cast<int>(i)) || fuse_quantize(static_cast<int>(i))) {
      steps_.erase(steps_.begin() + i);
    } else {
      ++i;
    }
  }
}

// convolution -> add: the convolution adds the other value, which must be there before it runs.
bool Network::fuse_addition(int index) {
  auto* addition = dynamic_cast<Add*>(steps_[index].operation.get());
  if (!addition || addition->inputs.size() != 2 || addition->outputs.size() != 1) return false;
  for (int side = 0; side < 2; ++side) {
    Tensor* product = addition->inputs[side];
    Tensor* residual = addition->inputs[1 - side];
    int maker = producer(product);
    auto* convolution = maker < 0 ? nullptr : dynamic_cast<BinaryConvolution*>(steps_[maker].operation.get());
    bool is_fusible = convolution && convolution->takes_residual() && consumer_count(product) == 1 && residual &&
                      residual->type == Type::kFloat32 && producer(residual) < maker;
    if (!is_fusible) continue;
    convolution->add_residual(residual, addition->range());
    convolution->outputs[0] = addition->outputs[0];
    return true;
  }
  return false;
}

// convolution -> quantize: the convolution packs its output, and stores it only if something else uses it too.
bool Network::fuse_quantize(int index) {
  auto* quantize = dynamic_cast<Quantize*>(steps_[index].operation.get());
  if (!quantize || quantize->inputs.size() != 1 || quantize->outputs.size() != 1) return false;
  Tensor* values = quantize->inputs[0];
  int maker = producer(values);
  auto* convolution = maker < 0 ? nullptr : dynamic_cast<BinaryConvolution*>(steps_[maker].operation.get());
  if (!convolution || !convolution->takes_signs()) return false;
  values->is_stored = consumer_count(values) > 1;
  convolution->add_signs(quantize->outputs[0]);
  return true;
}

void Network::prepare() {
  for (Step& step : steps_) {
    try {
      step.operation->prepare();
    } catch (const Error& error) {
      throw Error(step.name + ": " + error.what());
    }
  }
  allocate();
}

// Gives each own tensor a buffer that is free while the tensor lives. A sum may take the place of its residual.
void Network::allocate() {
  struct Slot {
    size_t bytes = 0;
    int free_after = -1;  // the last step that uses what lies in it
  };
  std::vector<Slot> slots;
  std::map<const Tensor*, size_t> slot_of;
  for (int i = 0; i < static_cast<int>(steps_.size()); ++i) {
    const Operation& operation = *steps_[i].operation;
    for (const Tensor* made : operation.outputs) {
      if (!is_own(made) || !made->is_stored) continue;
      auto overwritten = slot_of.find(operation.overwritable_input());
      bool overwrites = made == operation.outputs[0] && overwritten != slot_of.end() &&
                        slots[overwritten->second].free_after == i;
      const size_t bytes = byte_count(*made);
      size_t best = slots.size();
      for (size_t s = 0; s < slots.size() && !overwrites; ++s) {
        bool is_better = best == slots.size() || (slots[best].bytes < bytes ? slots[s].bytes > slots[best].bytes
                                                                            : slots[s].bytes >= bytes &&
                                                                                  slots[s].bytes < slots[best].bytes);
        if (slots[s].free_after < i && is_better) best = s;
      }
      if (overwrites) best = overwritten->second;
      if (best == slots.size()) slots.emplace_back();
      slots[best].bytes = std::max(slots[best].bytes, bytes);
      slots[best].free_after = std::max(last_consumer(made), i);
      slot_of[made] = best;
    }
  }
  buffers_.resize(slots.size());
  for (size_t s = 0; s < slots.size(); ++s) buffers_[s].reserve(slots[s].bytes);
  for (auto& [number, tensor] : tensors_) {
    auto slot = slot_of.find(&tensor);
    if (slot != slot_of.end()) tensor.data = buffers_[slot->second].as<void>();
  }
}

void Network::run(ThreadPool& threads) {
  for (Step& step : steps_) step.operation->run(threads);
}

}  // namespace larq_focal
