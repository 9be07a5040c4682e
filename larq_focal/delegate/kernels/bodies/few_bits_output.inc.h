// The way from the sums of a layer of few bits to its outputs, and the walk over its positions: included by the bodies
// of such loops, with what output.inc.h asks for.
#pragma once

#include "../few_bits.h"
#include "output.inc.h"

namespace larq_focal {
namespace {

// Up to 32 channels at one position; there are whole vectors of all constants.
template <bool is_whole>
LARQ_FOCAL_INLINE void store_sums_word(const FewBitTransform& by, const Destination& to, int channel, int count,
                                       int position, const int32_t* sums) {
  const Integers shift = Integers{} + (by.position_offsets ? by.position_offsets[position] : 0);
  Floats outputs[kWordVectors];
#pragma GCC unroll 8
  for (int v = 0; v < kWordVectors; ++v) {
    const int c = v * kLanes;
    const Integers whole = load_vector<Integers>(sums + c) * by.factor +
                           load_vector<Integers>(by.offsets + channel + c) + shift;
    const Floats output = __builtin_convertvector(whole, Floats) * load_vector<Floats>(by.multiplier + channel + c) +
                          load_vector<Floats>(by.bias + channel + c);
    outputs[v] = clamped(output, Floats{} + by.lowest, Floats{} + by.highest);
  }
  store_outputs<is_whole>(to, channel, count, position, outputs);
}

// A block of channels at consecutive positions, whose sums lie `stride` from one to the next.
inline void store_sums(const ByteConvolution& conv, int channel, int block_channels, int first_position,
                       int positions, const int32_t* sums, int stride) {
  // Copies, which no output overwrites as far as the compiler can tell.
  const FewBitTransform by = conv.transform;
  const Destination to = conv.destination;
  const int end = channel + block_channels < conv.channels ? channel + block_channels : conv.channels;
  for (int p = 0; p < positions; ++p, sums += stride) {
    int c = channel;
    for (; c + kWordBits <= end; c += kWordBits) {
      store_sums_word<true>(by, to, c, kWordBits, first_position + p, sums + (c - channel));
    }
    if (c < end) store_sums_word<false>(by, to, c, end - c, first_position + p, sums + (c - channel));
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
