// Vectors of plain C++: for bodies/output.inc.h, which says what each function does.
#pragma once

#include <cstdint>

namespace larq_focal {
namespace {

constexpr int kVectorBytes = 16;

template <typename Vector>
inline uint32_t below_zero(const Vector* values) {
  uint32_t bits = 0;
  for (int i = 0; i < 32; ++i) bits |= static_cast<uint32_t>(values[i / 4][i % 4] < 0) << i;
  return bits;
}

inline uint32_t below(const int8_t* values, int8_t zero_point) {
  uint32_t bits = 0;
  for (int i = 0; i < 32; ++i) bits |= static_cast<uint32_t>(values[i] < zero_point) << i;
  return bits;
}

inline uint32_t above(const int32_t* values, const int32_t* thresholds) {
  uint32_t bits = 0;
  for (int i = 0; i < 32; ++i) bits |= static_cast<uint32_t>(values[i] > thresholds[i]) << i;
  return bits;
}

template <typename Vector>
inline void store_narrow(const Vector* values, int8_t* bytes) {
  for (int i = 0; i < 32; ++i) bytes[i] = static_cast<int8_t>(values[i / 4][i % 4]);
}

}  // namespace
}  // namespace larq_focal

