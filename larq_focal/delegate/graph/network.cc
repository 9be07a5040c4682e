#include "network.h"

#include <algorithm>

namespace larq_focal {

void Network::add(std::string name, std::unique_ptr<Operation> operation, const std::vector<int>& inputs,
                  const std::vector<int>& outputs) {
  for (int number : inputs) operation->inputs.push_back(number < 0 ? nullptr : &tensor(number));
  for (int number : outputs) {
    Tensor* made = &tensor(number);
    bool is_new = !made->is_constant && producer(made) < 0 && last_consumer(made) < 0 &&
                  std::count(operation->inputs.begin(), operation->inputs.end(), made) == 0 &&
                  std::count(operation->outputs.begin(), operation->outputs.end(), made) == 0;
    require(is_new, [&] { return name + ": its output is already the output or the input of another operation."; });
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

int Network::last_consumer_but(const Tensor* tensor, int step) const {
  for (int i = static_cast<int>(steps_.size()) - 1; i >= 0; --i) {
    const std::vector<Tensor*>& used = steps_[i].operation->inputs;
    if (i != step && std::find(used.begin(), used.end(), tensor) != used.end()) return i;
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

// Gives each own tensor a buffer that is free while the tensor or a view of it lives. A result may take the place of an
// operand.
void Network::allocate() {
  struct Slot {
    size_t bytes = 0;
    int free_after = -1;  // the last step that uses what lies in it
  };
  std::map<const Tensor*, int> last_use;
  for (auto& [number, tensor] : tensors_) {
    int& last = last_use.try_emplace(&tensor.root(), -1).first->second;
    last = std::max({last, last_consumer(&tensor), producer(&tensor)});
  }
  std::vector<Slot> slots;
  std::map<const Tensor*, size_t> slot_of;
  for (int i = 0; i < static_cast<int>(steps_.size()); ++i) {
    const Operation& operation = *steps_[i].operation;
    for (const Tensor* made : operation.outputs) {
      const Tensor* root = &made->root();
      if (!is_own(root) || !made->is_stored || slot_of.count(root)) continue;
      auto overwritten = slot_of.find(operation.overwritable_input());
      const bool overwrites = made == operation.outputs[0] && made == root && overwritten != slot_of.end() &&
                              slots[overwritten->second].free_after == i;
      const size_t bytes = byte_count(*root);
      size_t best = slots.size();
      for (size_t s = 0; s < slots.size() && !overwrites; ++s) {
        bool is_better = best == slots.size() ||
                         (slots[best].bytes < bytes ? slots[s].bytes > slots[best].bytes
                                                    : slots[s].bytes >= bytes && slots[s].bytes < slots[best].bytes);
        if (slots[s].free_after < i && is_better) best = s;
      }
      if (overwrites) best = overwritten->second;
      if (best == slots.size()) slots.emplace_back();
      slots[best].bytes = std::max(slots[best].bytes, bytes);
      slots[best].free_after = last_use[root];
      slot_of[root] = best;
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
