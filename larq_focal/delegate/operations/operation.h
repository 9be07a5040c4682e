#pragma once

#include <memory>
#include <string>
#include <vector>

#include "../base/tensor.h"
#include "../base/thread_pool.h"
#include "../kernels/kernel.h"
#include "fused_steps.h"

namespace larq_focal {

// One operation of a network. Knows nothing of LiteRT.
class Operation {
 public:
  virtual ~Operation() = default;

  // Checks the inputs, sets the shapes of the outputs, and packs constants. Called again when an input is resized.
  // Throws Error.
  virtual void prepare() = 0;

  // Computes the outputs.
  virtual void run(ThreadPool& threads) = 0;

  // An input that may lie where the first output does; null if there is none.
  virtual const Tensor* overwritable_input() const { return nullptr; }

  // Whether the first output may be a view of some channels of a larger tensor. All that read floats read such views.
  virtual bool writes_views() const { return false; }

  std::vector<Tensor*> inputs;  // null where an optional one is left out
  std::vector<Tensor*> outputs;

 protected:
  // The type of all inputs and outputs is checked through these, which throw Error.
  void require_counts(size_t input_count, size_t output_count) const;
  const Tensor& input(size_t index, const std::string& name, const std::vector<Type>& types) const;
  Tensor& output(size_t index, const std::vector<Type>& types) const;
};

// An operation whose input goes through elementwise operations first, which it takes in.
class OperationWithSteps : public Operation {
 public:
  // `own_inputs` are its inputs without those of the steps.
  explicit OperationWithSteps(size_t own_inputs = 1) : own_inputs_(own_inputs) {}

  // Takes in the operation that made its input from `value`.
  void take_in(Tensor* value, const ElementwiseStep& step);

  const FusedSteps& steps() const { return steps_; }

 protected:
  // Throws Error.
  void require_operands() const { require_counts(own_inputs_ + steps_.count(), 1); }

  FusedSteps steps_;

 private:
  size_t own_inputs_;
};

// Operations that LiteRT does not know, by their name in the file: those of LCE ("Lce...") and our own ("Lqf..."). Throws
// Error on bad options.
bool is_custom_operation(const std::string& name);
std::unique_ptr<Operation> make_custom_operation(const std::string& name, const void* options, size_t options_bytes,
                                                 const Kernel& kernel);

}  // namespace larq_focal
