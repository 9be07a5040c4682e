// The way from popcounts to outputs: included by each kernel file, which compiles it for its processor.
//
// Everything here is static, so that no function compiled for one processor stands in for that of another. The file
// that includes this defines kVectorBytes and, for 32 elements each (bit i of the result belongs to element i):
//   uint32_t below_zero(const Vector*)                  which floats are < 0, in vectors; -0.0 is not
//   uint32_t below(const int8_t*, int8_t zero_point)    which are < zero_point
//   uint32_t above(const int32_t*, const int32_t*)      which are greater than those of the second array
//   store_narrow(const Vector*, int8_t*)                stores integers that fit bytes, in vectors of 32 bits, as these
#pragma once

#include "../kernel.h"

namespace larq_focal {
namespace {

constexpr int kWordBits = 32;

inline uint32_t low_bits(int count) { return count >= kWordBits ? ~uint32_t{0} : (uint32_t{1} << count) - 1; }

// A tile of popcounts, [positions][kMaxBlockChannels], on its way to the outputs.
struct Tile {
  alignas(64) int32_t popcounts[kMaxBlockChannels];
};

inline void store_bits(const Destination& to, int channel, int position, uint32_t bits) {
  int bit = to.bit_offset + channel;
  uint32_t* word = to.words + position * to.word_stride + bit / kWordBits;
  int shift = bit % kWordBits;
  if (to.bit_offset == 0) {
    *word = bits;
  } else {
    word[0] |= bits << shift;
    if (shift != 0 && bits >> (kWordBits - shift) != 0) word[1] |= bits >> (kWordBits - shift);
  }
}

// Vectors as GCC and Clang know them, of the width that the file which includes this has chosen.
constexpr int kLanes = kVectorBytes / 4;
typedef float Floats __attribute__((vector_size(kVectorBytes)));
typedef int32_t Integers __attribute__((vector_size(kVectorBytes)));

template <typename Vector, typename Element>
inline Vector load_vector(const Element* from) {
  Vector vector;
  __builtin_memcpy(&vector, from, sizeof(vector));
  return vector;
}

template <typename Vector>
inline Vector clamped(Vector vector, Vector lowest, Vector highest) {
  vector = vector < lowest ? lowest : vector;
  return vector > highest ? highest : vector;
}

constexpr int kWordVectors = kWordBits / kLanes;

// What must stay in registers from one function to the next.
#define LARQ_FOCAL_INLINE inline __attribute__((always_inline))

LARQ_FOCAL_INLINE Floats stepped(const FloatStep& step, Floats value, Floats operand) {
  switch (step.kind) {
    case FloatStep::Kind::kMultiply:
      value *= operand;
      break;
    case FloatStep::Kind::kAdd:
      value += operand;
      break;
    case FloatStep::Kind::kPrelu:
      value = value >= Floats{} ? value : value * operand;
      break;
  }
  return step.is_clamped ? clamped(value, Floats{} + step.lowest, Floats{} + step.highest) : value;
}

// The first `count` of 32 numbers, and zeros. Whole vectors are loaded as they are: 16 channels are common.
LARQ_FOCAL_INLINE void load_some(const float* from, int count, Floats (&values)[kWordVectors]) {
#pragma GCC unroll 8
  for (int v = 0; v < kWordVectors; ++v) {
    const int left = count - v * kLanes;
    if (left >= kLanes) {
      values[v] = load_vector<Floats>(from + v * kLanes);
    } else {
      alignas(64) float own[kLanes] = {};
      for (int c = 0; c < left; ++c) own[c] = from[v * kLanes + c];
      values[v] = load_vector<Floats>(own);
    }
  }
}

// Takes 32 channels at a position through the steps; only `count` of them exist, and nothing behind them is read.
template <bool is_whole>
LARQ_FOCAL_INLINE void take_steps(const FloatSteps& steps, ptrdiff_t position, int channel, int count,
                                  Floats (&values)[kWordVectors]) {
  for (int i = 0; i < steps.count; ++i) {
    const FloatStep& step = steps.first[i];
    const float* operands = step.values + position * step.stride + channel;
    Floats own[kWordVectors];
    if (!is_whole) load_some(operands, count, own);
#pragma GCC unroll 8
    for (int v = 0; v < kWordVectors; ++v) {
      values[v] = stepped(step, values[v], is_whole ? load_vector<Floats>(operands + v * kLanes) : own[v]);
    }
  }
}

// To the nearest integer, halves away from zero, of numbers whose magnitude is below 2^22. What is added is the largest
// float below a half, whose sum with a number below a half stays below one.
LARQ_FOCAL_INLINE Integers rounded(Floats value) {
  const Integers sign = load_vector<Integers>(&value) & INT32_MIN;
  const Floats almost_half = Floats{} + 0x1.fffffep-2f;
  const Integers half = load_vector<Integers>(&almost_half) | sign;
  return __builtin_convertvector(value + load_vector<Floats>(&half), Integers);
}

// Stores whole numbers that fit bytes as these. Only `count` of the bytes exist.
template <bool is_whole>
LARQ_FOCAL_INLINE void store_integers(const Integers (&values)[kWordVectors], int count, int8_t* bytes) {
  if (is_whole) return store_narrow(values, bytes);
  alignas(64) int8_t own[kWordBits];
  store_narrow(values, own);
  constexpr int kHalf = kWordBits / 2;
  const int stored = count >= kHalf ? kHalf : 0;
  if (stored) __builtin_memcpy(bytes, own, kHalf);
  for (int c = stored; c < count; ++c) bytes[c] = own[c];
}

// Rounds to the nearest integer, halves away from zero, and saturates.
template <bool is_whole>
LARQ_FOCAL_INLINE void store_bytes(const Floats (&values)[kWordVectors], int count, int8_t* bytes) {
  Integers integers[kWordVectors];
#pragma GCC unroll 8
  for (int v = 0; v < kWordVectors; ++v) {
    Floats value = values[v] >= -128.0f ? values[v] : Floats{} - 128.0f;  // also of what is not a number
    value = value > 127.0f ? Floats{} + 127.0f : value;
    integers[v] = rounded(value);
  }
  store_integers<is_whole>(integers, count, bytes);
}

// y = clamp(products - 2 * popcount - correction) * multiplier + bias, for 32 channels; `correction` may be null. Of all
// of these there are whole vectors, also behind the last channel.
LARQ_FOCAL_INLINE void transform(const OutputTransform& transform, int channel, const int32_t* correction,
                                 const int32_t* popcounts, Floats (&outputs)[kWordVectors]) {
#pragma GCC unroll 8
  for (int v = 0; v < kWordVectors; ++v) {
    const int c = v * kLanes;
    Integers value = load_vector<Integers>(popcounts + c);
    value = Integers{} + transform.products - (value + value);
    if (correction) value -= load_vector<Integers>(correction + c);
    value = clamped(value, Integers{} + transform.lowest, Integers{} + transform.highest);
    outputs[v] = __builtin_convertvector(value, Floats) * load_vector<Floats>(transform.multiplier + channel + c) +
                 load_vector<Floats>(transform.bias + channel + c);
  }
}

template <bool is_whole>
LARQ_FOCAL_INLINE void store_floats(const Floats (&values)[kWordVectors], int count, float* floats) {
  if (is_whole) {
#pragma GCC unroll 8
    for (int v = 0; v < kWordVectors; ++v) __builtin_memcpy(floats + v * kLanes, &values[v], sizeof(Floats));
  } else {
#pragma GCC unroll 8
    for (int v = 0; v < kWordVectors; ++v) {
      const int left = count - v * kLanes;
      if (left >= kLanes) {
        __builtin_memcpy(floats + v * kLanes, &values[v], sizeof(Floats));
      } else if (left > 0) {
        alignas(64) float own[kLanes];
        __builtin_memcpy(own, &values[v], sizeof(own));
        for (int c = 0; c < left; ++c) floats[v * kLanes + c] = own[c];
      }
    }
  }
}

// The codes of a quantizer; of what is not a number the lowest.
template <LevelSteps::Rule rule>
LARQ_FOCAL_INLINE Integers level_codes(const LevelSteps& levels, Floats value) {
  if (rule == LevelSteps::Rule::kCompare) {
    Integers codes = Integers{} + levels.lowest;
    for (int i = 0; i < levels.count; ++i) codes -= value >= Floats{} + levels.thresholds[i];
    return codes;
  }
  value = levels.divides ? value / levels.factor : value * levels.factor;
  value = value >= levels.low ? value : Floats{} + levels.low;
  value = value > levels.high ? Floats{} + levels.high : value;
  if (rule == LevelSteps::Rule::kHalfUp) {
    value += 0.5f;
    const Integers whole = __builtin_convertvector(value, Integers);
    return whole + (__builtin_convertvector(whole, Floats) > value) + levels.zero_point;
  }
  const float magic = 0x1.8p23f;  // whose sum with a small number is rounded to a whole one
  return __builtin_convertvector((value + magic) - magic, Integers) + levels.zero_point;
}

template <bool is_whole, LevelSteps::Rule rule>
LARQ_FOCAL_INLINE void store_codes_by(const LevelSteps& levels, const Floats (&values)[kWordVectors], int count,
                                      int8_t* codes) {
  Integers integers[kWordVectors];
#pragma GCC unroll 8
  for (int v = 0; v < kWordVectors; ++v) integers[v] = level_codes<rule>(levels, values[v]);
  store_integers<is_whole>(integers, count, codes);
}

// Of any thresholds, by bisection.
inline void search_codes(const LevelSteps& levels, const Floats (&values)[kWordVectors], int count, int8_t* codes) {
  alignas(64) float numbers[kWordBits];
  __builtin_memcpy(numbers, values, sizeof(numbers));
  for (int c = 0; c < count; ++c) {
    int reached = 0, above = levels.count;  // thresholds from `above` on lie above the number
    while (reached < above) {
      const int middle = (reached + above) / 2;
      if (levels.thresholds[middle] <= numbers[c]) {
        reached = middle + 1;
      } else {
        above = middle;
      }
    }
    codes[c] = static_cast<int8_t>(levels.lowest + reached);
  }
}

template <bool is_whole>
LARQ_FOCAL_INLINE void store_codes(const LevelSteps& levels, const Floats (&values)[kWordVectors], int count,
                                   int8_t* codes) {
  using Rule = LevelSteps::Rule;
  switch (levels.rule) {
    case Rule::kSearch:
      return search_codes(levels, values, count, codes);
    case Rule::kCompare:
      return store_codes_by<is_whole, Rule::kCompare>(levels, values, count, codes);
    case Rule::kHalfToEven:
      return store_codes_by<is_whole, Rule::kHalfToEven>(levels, values, count, codes);
    case Rule::kHalfUp:
      return store_codes_by<is_whole, Rule::kHalfUp>(levels, values, count, codes);
  }
}

// Up to 32 channels of outputs at one position to memory, through the steps that follow.
template <bool is_whole>
LARQ_FOCAL_INLINE void store_outputs(const Destination& to, int channel, int count, int position,
                                     Floats (&outputs)[kWordVectors]) {
  take_steps<is_whole>(to.steps, position, channel, count, outputs);
  if (to.floats) store_floats<is_whole>(outputs, count, to.floats + position * to.float_stride + channel);
  if (to.bytes) store_bytes<is_whole>(outputs, count, to.bytes + position * to.byte_stride + channel);
  if (!to.words && !to.levels) return;
  take_steps<is_whole>(to.quantized_steps, position, channel, count, outputs);
  if (to.words) store_bits(to, channel, position, below_zero(outputs) & (is_whole ? ~uint32_t{0} : low_bits(count)));
  if (to.levels) store_codes<is_whole>(*to.levels, outputs, count, to.codes + position * to.code_stride + channel);
}

// Up to 32 channels at one position, from the popcounts to memory.
template <bool is_whole, bool has_correction>
LARQ_FOCAL_INLINE void store_word(const OutputTransform& constants, const Destination& to, int channel, int count,
                                  int position, const int32_t* correction, const int32_t* popcounts) {
  if (constants.threshold) {
    const uint32_t channel_bits = is_whole ? ~uint32_t{0} : low_bits(count);
    store_bits(to, channel, position, above(popcounts, constants.threshold + channel) & channel_bits);
    return;
  }
  alignas(64) int32_t sums[kWordBits];
  if (!is_whole && has_correction) {
    for (int c = 0; c < kWordBits; ++c) sums[c] = c < count ? correction[c] : 0;
    correction = sums;
  }
  Floats outputs[kWordVectors];
  transform(constants, channel, has_correction ? correction : nullptr, popcounts, outputs);
  store_outputs<is_whole>(to, channel, count, position, outputs);
}

// Up to 32 channels at consecutive positions.
template <bool is_whole, bool has_correction>
inline void store_words(const Convolution& conv, int channel, int count, int first_position, int positions,
                        const int32_t* popcounts) {
  // Copies, which no output overwrites as far as the compiler can tell.
  const OutputTransform constants = conv.transform;
  const Destination to = conv.destination;
  int y = 0, x = 0;
  if (has_correction) {
    y = first_position / conv.output_width;
    x = first_position % conv.output_width;
  }
  for (int p = 0; p < positions; ++p, popcounts += kMaxBlockChannels) {
    const int32_t* correction = has_correction ? conv.correction.at(y, x) + channel : nullptr;
    store_word<is_whole, has_correction>(constants, to, channel, count, first_position + p, correction, popcounts);
    if (has_correction && ++x == conv.output_width) {
      x = 0;
      ++y;
    }
  }
}

// A block of channels at consecutive positions, from the popcounts to memory.
inline void store_tile(const Convolution& conv, int channel, int block_channels, int first_position, int positions,
                       const Tile* tile) {
  const int end = channel + block_channels < conv.channels ? channel + block_channels : conv.channels;
  for (int c = channel; c < end; c += kWordBits) {
    const int count = end - c < kWordBits ? end - c : kWordBits;
    const int32_t* popcounts = tile->popcounts + (c - channel);
    const auto store = count == kWordBits ? conv.correction.sums ? &store_words<true, true> : &store_words<true, false>
                       : conv.correction.sums ? &store_words<false, true>
                                              : &store_words<false, false>;
    store(conv, c, count, first_position, positions, popcounts);
  }
}

// Walks over output positions in row-major order.
class Places {
 public:
  Places(const Convolution& conv, int position)
      : conv_(conv),
        x_(position % conv.output_width),
        row_(conv.image + position / conv.output_width * conv.row_step),
        place_(row_ + x_ * conv.column_step) {}

  const uint32_t* next() {
    const uint32_t* place = place_;
    place_ += conv_.column_step;
    if (++x_ == conv_.output_width) {
      x_ = 0;
      place_ = row_ += conv_.row_step;
    }
    return place;
  }

 private:
  const Convolution& conv_;
  int x_;
  const uint32_t* row_;
  const uint32_t* place_;
};

}  // namespace
}  // namespace larq_focal
