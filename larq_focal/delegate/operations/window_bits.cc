#include "window_bits.h"

#include <algorithm>

namespace larq_focal {
namespace {

constexpr int64_t kMostWords = 8;
constexpr int kBlock = 16;  // words that are gathered together, in registers

uint32_t low_bits(int count) { return ~uint32_t{0} >> (32 - count); }

// Joins the pieces of `count` words, of pixels that lie side by side where `step` is 1. What a pixel has behind its last
// channel is left out: a value that comes from outside may have something there.
template <typename Pieces>
inline void join(const Pieces& pieces, const uint32_t* from, ptrdiff_t step, uint32_t channel_bits, int count,
                 uint32_t* to) {
  uint32_t words[kBlock] = {};
  for (const auto& piece : pieces) {
    const uint32_t* pixels = from + piece.offset;
    if (piece.shift >= 0) {
      for (int i = 0; i < count; ++i) words[i] |= (pixels[i * step] & channel_bits) << piece.shift;
    } else {
      for (int i = 0; i < count; ++i) words[i] |= (pixels[i * step] & channel_bits) >> -piece.shift;
    }
  }
  std::copy(words, words + count, to);
}

}  // namespace

bool WindowBits::is_shorter(const Axis& rows, const Axis& columns, int channels) {
  const int64_t taps = rows.size * columns.size, words = (taps * channels + 31) / 32;
  return words <= kMostWords && 3 * words <= 2 * taps;
}

void WindowBits::prepare(const Axis& rows, const Axis& columns, int channels, int width, int output_width) {
  taps_ = static_cast<int>(rows.size * columns.size);
  channels_ = channels;
  row_step_ = static_cast<ptrdiff_t>(rows.stride) * width;
  column_step_ = static_cast<ptrdiff_t>(columns.stride);
  output_width_ = output_width;
  pieces_.assign(words(), {});
  int bit = 0;
  for (int64_t y = 0; y < rows.size; ++y) {
    for (int64_t x = 0; x < columns.size; ++x, bit += channels) {
      const ptrdiff_t offset = y * rows.dilation * width + x * columns.dilation;
      const int word = bit / 32, shift = bit % 32;
      pieces_[word].push_back({offset, shift});
      if (shift + channels > 32) pieces_[word + 1].push_back({offset, shift - 32});
    }
  }
}

void WindowBits::pack_filter(const uint32_t* filter, int outputs, uint32_t* packed) const {
  const uint32_t channel_bits = low_bits(channels_);
  for (int output = 0; output < outputs; ++output, packed += words()) {
    std::fill(packed, packed + words(), 0);
    for (int tap = 0, bit = 0; tap < taps_; ++tap, bit += channels_) {
      const uint64_t bits = uint64_t{*filter++ & channel_bits} << bit % 32;
      packed[bit / 32] |= static_cast<uint32_t>(bits);
      if (bits >> 32) packed[bit / 32 + 1] |= static_cast<uint32_t>(bits >> 32);
    }
  }
}

void WindowBits::gather(const uint32_t* image, int64_t begin, int64_t end, ptrdiff_t plane, uint32_t* windows) const {
  const uint32_t channel_bits = low_bits(channels_);
  for (int64_t y = begin; y < end; ++y) {
    const uint32_t* line = image + y * row_step_;
    for (size_t word = 0; word < pieces_.size(); ++word) {
      uint32_t* to = windows + word * plane + y * output_width_;
      if (column_step_ != 1 || output_width_ < kBlock) {
        for (int x = 0; x < output_width_; x += kBlock) {
          const int count = std::min(kBlock, output_width_ - x);
          join(pieces_[word], line + x * column_step_, column_step_, channel_bits, count, to + x);
        }
        continue;
      }
      // The last block ends at the end of the row, where some words may be those of the block before it.
      for (int x = 0; x < output_width_; x += kBlock) {
        const int first = std::min(x, output_width_ - kBlock);
        join(pieces_[word], line + first, 1, channel_bits, kBlock, to + first);
      }
    }
  }
}

}  // namespace larq_focal
