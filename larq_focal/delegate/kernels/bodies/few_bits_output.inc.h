// The way from the sums of a layer of few bits to its outputs, and the walk over its positions: included by the bodies
// of such loops, with what output.inc.h asks for.
#pragma once

#include "../few_bits.h"
#include "output.inc.h"

namespace larq_focal {
namespace {

// Where the outputs of a loop go: floats and what follows them, or bytes alone, which are clamped once.
enum class Goal { kAny, kBytes };

// Up to 32 channels at one position; there are whole vectors of all constants.
template <bool is_whole, Goal goal, bool has_factor>
LARQ_FOCAL_INLINE void store_sums_word(const FewBitTransform& by, const Destination& to, int channel, int count,
                                       int position, const int32_t* sums) {
  const Integers shift = Integers{} + (has_factor && by.position_offsets ? by.position_offsets[position] : 0);
  Floats outputs[kWordVectors];
#pragma GCC unroll 8
  for (int v = 0; v < kWordVectors; ++v) {
    const int c = v * kLanes;
    Integers whole = load_vector<Integers>(sums + c);
    if (has_factor) whole = whole * by.factor + shift;
    whole += load_vector<Integers>(by.offsets + channel + c);
    const Floats output = __builtin_convertvector(whole, Floats) * load_vector<Floats>(by.multiplier + channel + c) +
                          load_vector<Floats>(by.bias + channel + c);
    outputs[v] = clamped(output, Floats{} + by.lowest, Floats{} + by.highest);
  }
  if (goal == Goal::kAny) return store_outputs<is_whole>(to, channel, count, position, outputs);
  Integers integers[kWordVectors];
#pragma GCC unroll 8
  for (int v = 0; v < kWordVectors; ++v) integers[v] = rounded(outputs[v]);
  store_integers<is_whole>(integers, count, to.bytes + position * to.byte_stride + channel);
}

template <Goal goal, bool has_factor>
void store_sums_to(const FewBitTransform& by, const Destination& to, int channel, int end, int first_position,
                   int positions, const int32_t* sums, int stride) {
  for (int p = 0; p < positions; ++p, sums += stride) {
    int c = channel;
    for (; c + kWordBits <= end; c += kWordBits) {
      store_sums_word<true, goal, has_factor>(by, to, c, kWordBits, first_position + p, sums + (c - channel));
    }
    if (c < end) {
      store_sums_word<false, goal, has_factor>(by, to, c, end - c, first_position + p, sums + (c - channel));
    }
  }
}

// A block of channels at consecutive positions, whose sums lie `stride` from one to the next.
template <bool has_factor>
void store_sums(const ByteConvolution& conv, int channel, int block_channels, int first_position, int positions,
                const int32_t* sums, int stride) {
  // Copies, which no output overwrites as far as the compiler can tell.
  FewBitTransform by = conv.transform;
  const Destination to = conv.destination;
  const int end = channel + block_channels < conv.channels ? channel + block_channels : conv.channels;
  if (to.bytes && !to.floats && !to.words && to.steps.count == 0) {
    by.lowest = by.lowest > -128.0f ? by.lowest : -128.0f;
    by.highest = by.highest < 127.0f ? by.highest : 127.0f;
    store_sums_to<Goal::kBytes, has_factor>(by, to, channel, end, first_position, positions, sums, stride);
  } else {
    store_sums_to<Goal::kAny, has_factor>(by, to, channel, end, first_position, positions, sums, stride);
  }
}

// Walks over output positions in row-major order.
class PixelPlaces {
 public:
  PixelPlaces(const ByteConvolution& conv, int position)
      : conv_(conv),
        x_(position % conv.output_width),
        row_(conv.image + position / conv.output_width * conv.row_step),
        place_(row_ + x_ * conv.column_step) {}

  const uint8_t* next() {
    const uint8_t* place = place_;
    place_ += conv_.column_step;
    if (++x_ == conv_.output_width) {
      x_ = 0;
      place_ = row_ += conv_.row_step;
    }
    return place;
  }

 private:
  const ByteConvolution& conv_;
  int x_;
  const uint8_t* row_;
  const uint8_t* place_;
};

inline int rounded_up(int value, int multiple) { return (value + multiple - 1) / multiple * multiple; }

}  // namespace
}  // namespace larq_focal
