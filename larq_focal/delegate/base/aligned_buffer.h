#pragma once

#include <cstddef>
#include <memory>
#include <new>

namespace larq_focal {

// Memory that begins on a cache line, as the vector kernels like it.
class AlignedBuffer {
 public:
  // Grows to at least `bytes`; what it held is lost where it grows.
  void reserve(size_t bytes) {
    if (bytes <= size_) return;
    data_.reset();
    data_.reset(static_cast<std::byte*>(::operator new(bytes, kAlignment)));
    size_ = bytes;
  }

  template <typename Element>
  Element* as() const {
    return static_cast<Element*>(static_cast<void*>(data_.get()));
  }

 private:
  static constexpr std::align_val_t kAlignment{64};

  struct Release {
    void operator()(std::byte* data) const { ::operator delete(data, kAlignment); }
  };

  std::unique_ptr<std::byte, Release> data_;
  size_t size_ = 0;
};

}  // namespace larq_focal
