// Errors that reach the user as one clear message.
#pragma once

#include <stdexcept>
#include <string>

namespace larq_focal {

// Bad input: a model, an option or a shape that cannot be run. The message names the thing.
class Error : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

inline void require(bool condition, const std::string& message) {
  if (!condition) throw Error(message);
}

}  // namespace larq_focal
