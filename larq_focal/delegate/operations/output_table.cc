#include "output_table.h"

#include <cstring>

namespace larq_focal {
namespace {

constexpr int kMostBits = 10;
constexpr size_t kMostBytes = size_t{1} << 17;  // half of the second-level cache of small processors

// Copies rows of a size that is known when this is compiled, or of `row_bytes`.
template <size_t known_bytes>
void copy_rows(const uint32_t* indices, int64_t count, const char* rows, size_t row_bytes, size_t stride, char* to) {
  const size_t bytes = known_bytes ? known_bytes : row_bytes;
  for (int64_t i = 0; i < count; ++i, to += stride) std::memcpy(to, rows + indices[i] * bytes, bytes);
}

}  // namespace

bool OutputTable::is_small(int bits, size_t row_bytes) {
  return bits <= kMostBits && row_bytes << bits <= kMostBytes;
}

void OutputTable::resize(int entries, const Tensor& output) {
  entries_ = output;
  entries_.whole = nullptr;
  entries_.dims = {1, 1, entries, output.dims.back()};
  memory_.reserve(byte_count(entries_));
  entries_.data = memory_.as<void>();
  std::memset(entries_.data, 0, byte_count(entries_));  // packed words are or-ed together
}

void OutputTable::look_up(const uint32_t* indices, int64_t first, int64_t count, const Tensor& output) const {
  const size_t element = element_bytes(output.type);
  const size_t row_bytes = output.dims.back() * element, stride = output.pixel_stride() * element;
  const auto* rows = static_cast<const char*>(entries_.data);
  char* to = element == 4 ? reinterpret_cast<char*>(output.as<uint32_t>()) : output.as<char>();
  to += first * static_cast<int64_t>(stride);
  switch (row_bytes) {
    case 4:
      return copy_rows<4>(indices, count, rows, row_bytes, stride, to);
    case 16:
      return copy_rows<16>(indices, count, rows, row_bytes, stride, to);
    case 32:
      return copy_rows<32>(indices, count, rows, row_bytes, stride, to);
    case 64:
      return copy_rows<64>(indices, count, rows, row_bytes, stride, to);
    case 128:
      return copy_rows<128>(indices, count, rows, row_bytes, stride, to);
    default:
      return copy_rows<0>(indices, count, rows, row_bytes, stride, to);
  }
}

}  // namespace larq_focal
