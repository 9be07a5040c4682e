// How a float becomes an output, one after another: the specification of bodies/output.inc.h.
#pragma once

#include <cmath>

#include "kernel.h"

namespace larq_focal {

inline float clamp(float value, float lowest, float highest) {
  return value < lowest ? lowest : value > highest ? highest : value;
}

inline int8_t saturate(float value) {
  float rounded = std::round(value);  // halves away from zero
  return static_cast<int8_t>(rounded >= -128 ? rounded > 127 ? 127 : rounded : -128);
}

inline float stepped(const FloatSteps& steps, ptrdiff_t position, int channel, float value) {
  for (int i = 0; i < steps.count; ++i) {
    const FloatStep& step = steps.first[i];
    const float operand = step.values[position * step.stride + channel];
    switch (step.kind) {
      case FloatStep::Kind::kMultiply:
        value *= operand;
        break;
      case FloatStep::Kind::kAdd:
        value += operand;
        break;
      case FloatStep::Kind::kPrelu:
        value = value >= 0 ? value : value * operand;
        break;
    }
    if (step.is_clamped) value = clamp(value, step.lowest, step.highest);
  }
  return value;
}

inline void store_number(const Destination& to, int channel, int position, float output) {
  if (to.floats) to.floats[position * to.float_stride + channel] = output;
  if (to.bytes) to.bytes[position * to.byte_stride + channel] = saturate(output);
}

inline int8_t level_code(const LevelSteps& levels, float value) {
  int code = levels.lowest;
  for (int i = 0; i < levels.count; ++i) code += levels.thresholds[i] <= value;
  return static_cast<int8_t>(code);
}

inline void store_sign(const Destination& to, int channel, int position, bool is_negative) {
  const int bit = to.bit_offset + channel;
  to.words[position * to.word_stride + bit / 32] |= static_cast<uint32_t>(is_negative) << bit % 32;
}

// What a quantizer behind the float output gives.
inline void store_quantized(const Destination& to, int channel, int position, float output) {
  if (!to.words && !to.levels) return;
  output = stepped(to.quantized_steps, position, channel, output);
  if (to.words) store_sign(to, channel, position, output < 0);
  if (to.levels) to.codes[position * to.code_stride + channel] = level_code(*to.levels, output);
}

}  // namespace larq_focal
