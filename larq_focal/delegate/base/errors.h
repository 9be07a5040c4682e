// Errors that reach the user as one clear message.
#pragma once

#include <stdexcept>
#include <string>
#include <type_traits>

namespace larq_focal {

// Bad input: a model, an option or a shape that cannot be run. The message names the thing.
class Error : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

inline void require(bool condition, const char* message) {
  if (!condition) throw Error(message);
}

// `message` is a call that makes the text, which only a failure needs: some checks are part of every inference.
template <typename Message, typename = std::enable_if_t<std::is_invocable_v<Message>>>
void require(bool condition, const Message& message) {
  if (!condition) throw Error(message());
}

}  // namespace larq_focal
