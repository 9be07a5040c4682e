// The way from popcounts to outputs, and bit packing: included by each kernel file, which compiles it for its processor.
//
// Everything here is static, so that no function compiled for one processor stands in for that of another. The file
// that includes this defines kVectorBytes and, for 32 elements each (bit i of the result belongs to element i):
//   uint32_t below_zero(const float*)                   which are < 0; -0.0 is not
//   uint32_t below(const int8_t*, int8_t zero_point)    which are < zero_point
//   uint32_t above(const int32_t*, const int32_t*)      which are greater than those of the second array
#include "kernel.h"

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

// y = clamp(2 * popcount + correction) * multiplier + bias, to which the residual comes, for up to 32 channels.
//
// Computes whole vectors, also of what lies behind the last channel: `correction` and `residual` must have as much to
// read, or be null.
inline void transform_floats(const OutputTransform& transform, const Destination& to, int channel, int count,
                             const int32_t* popcounts, const int32_t* correction, const float* residual,
                             float* outputs) {
  const Integers lowest = Integers{} + transform.lowest, highest = Integers{} + transform.highest;
  for (int c = 0; c < count; c += kLanes) {
    Integers value = load_vector<Integers>(popcounts + c);
    value += value;
    if (correction) value += load_vector<Integers>(correction + c);
    Floats output = __builtin_convertvector(clamped(value, lowest, highest), Floats);
    output = output * load_vector<Floats>(transform.multiplier + channel + c) +
             load_vector<Floats>(transform.bias + channel + c);
    if (residual) {
      output = clamped(output + load_vector<Floats>(residual + c), Floats{} + to.residual_lowest,
                       Floats{} + to.residual_highest);
    }
    __builtin_memcpy(outputs + c, &output, sizeof(output));
  }
}

// Rounds to the nearest integer, halves away from zero, and saturates.
inline void store_bytes(const float* __restrict values, int count, int8_t* __restrict bytes) {
  for (int c = 0; c < count; ++c) {
    float value = values[c] >= -128.0f ? values[c] : -128.0f;  // also of what is not a number
    value = value > 127.0f ? 127.0f : value;
    int32_t whole = static_cast<int32_t>(value);
    float rest = value - static_cast<float>(whole);
    bytes[c] = static_cast<int8_t>(whole + (rest >= 0.5f) - (rest <= -0.5f));
  }
}

// 32 channels at one position, from the popcounts to memory.
inline void store_word(const Convolution& conv, int channel, int position, const int32_t* correction,
                       const int32_t* popcounts) {
  const Destination& to = conv.destination;
  const OutputTransform& transform = conv.transform;
  if (transform.threshold) {
    store_bits(to, channel, position, above(popcounts, transform.threshold + channel));
    return;
  }
  alignas(64) float own[kWordBits];
  float* outputs = to.floats ? to.floats + position * to.float_stride + channel : own;
  const float* residual = to.residual ? to.residual + position * to.residual_stride + channel : nullptr;
  transform_floats(transform, to, channel, kWordBits, popcounts, correction, residual, outputs);
  if (to.bytes) store_bytes(outputs, kWordBits, to.bytes + position * to.byte_stride + channel);
  if (to.words) store_bits(to, channel, position, below_zero(outputs));
}

// The same for the last channels, fewer than 32: nothing behind them is read or written.
inline void store_rest(const Convolution& conv, int channel, int count, int position, const int32_t* correction,
                       const int32_t* popcounts) {
  const Destination& to = conv.destination;
  const OutputTransform& transform = conv.transform;
  if (transform.threshold) {
    store_bits(to, channel, position, above(popcounts, transform.threshold + channel) & low_bits(count));
    return;
  }
  alignas(64) float outputs[kWordBits], residual[kWordBits] = {};
  alignas(64) int32_t sums[kWordBits] = {};
  for (int c = 0; c < count; ++c) {
    if (correction) sums[c] = correction[c];
    if (to.residual) residual[c] = to.residual[position * to.residual_stride + channel + c];
  }
  transform_floats(transform, to, channel, count, popcounts, correction ? sums : nullptr,
                   to.residual ? residual : nullptr, outputs);
  for (int c = 0; to.floats && c < count; ++c) to.floats[position * to.float_stride + channel + c] = outputs[c];
  if (to.bytes) store_bytes(outputs, count, to.bytes + position * to.byte_stride + channel);
  if (to.words) store_bits(to, channel, position, below_zero(outputs) & low_bits(count));
}

// A block of channels at consecutive positions, from the popcounts to memory.
inline void store_tile(const Convolution& conv, int channel, int block_channels, int first_position, int positions,
                       const Tile* tile) {
  int end = channel + block_channels < conv.channels ? channel + block_channels : conv.channels;
  for (int p = 0; p < positions; ++p) {
    int position = first_position + p;
    const int32_t* correction = nullptr;
    if (conv.correction.sums) {
      correction = conv.correction.at(position / conv.output_width, position % conv.output_width) + channel;
    }
    for (int c = channel; c < end; c += kWordBits) {
      const int32_t* popcounts = tile[p].popcounts + (c - channel);
      const int32_t* sums = correction ? correction + (c - channel) : nullptr;
      if (end - c >= kWordBits) {
        store_word(conv, c, position, sums, popcounts);
      } else {
        store_rest(conv, c, end - c, position, sums, popcounts);
      }
    }
  }
}

// Walks over output positions in row-major order.
class Places {
 public:
  Places(const Convolution& conv, int position)
      : conv_(conv), x_(position % conv.output_width),
        row_(conv.image + position / conv.output_width * conv.row_step), place_(row_ + x_ * conv.column_step) {}

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

template <typename Value, typename WordOf>
inline void pack_rows(const Value* values, size_t rows, int channels, Value filler, uint32_t* words, WordOf word_of) {
  if (channels % kWordBits == 0) {
    for (size_t word = 0; word < rows * (channels / kWordBits); ++word) words[word] = word_of(values + word * kWordBits);
    return;
  }
  for (size_t row = 0; row < rows; ++row, values += channels) {
    int c = 0;
    for (; c + kWordBits <= channels; c += kWordBits) *words++ = word_of(values + c);
    Value rest[kWordBits];
    for (int i = 0; i < kWordBits; ++i) rest[i] = c + i < channels ? values[c + i] : filler;
    *words++ = word_of(rest);
  }
}

void pack_floats(const float* values, size_t rows, int channels, uint32_t* words) {
  pack_rows(values, rows, channels, 0.0f, words, [](const float* v) { return below_zero(v); });
}

void pack_bytes(const int8_t* values, size_t rows, int channels, int8_t zero_point, uint32_t* words) {
  pack_rows(values, rows, channels, zero_point, words, [=](const int8_t* v) { return below(v, zero_point); });
}

}  // namespace
}  // namespace larq_focal
