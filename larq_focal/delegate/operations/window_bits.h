#pragma once

#include <cstdint>
#include <vector>

#include "window.h"

namespace larq_focal {

// Windows of an image of few channels with the bits of all taps side by side.
//
// A packed word holds 32 channels of one pixel; where there are few, a whole window fits into a few words, or is the
// index of a table. All windows of an image are made before they are used: their first words, then their second ones.
class WindowBits {
 public:
  // Whether windows in this form have a third less words than where each pixel has a word of its own.
  static bool is_shorter(const Axis& rows, const Axis& columns, int channels);

  // For images, padding included, of this width.
  void prepare(const Axis& rows, const Axis& columns, int channels, int width, int output_width);

  int bits() const { return taps_ * channels_; }
  int words() const { return (bits() + 31) / 32; }

  // Brings [outputs][rows][columns] words of a filter into this form: [outputs][words()].
  void pack_filter(const uint32_t* filter, int outputs, uint32_t* packed) const;

  // The windows of the rows [begin, end) of outputs; the words of each lie `plane` words apart.
  void gather(const uint32_t* image, int64_t begin, int64_t end, ptrdiff_t plane, uint32_t* windows) const;

 private:
  // The part of a word that one tap gives: the pixel's word, shifted to the left, or to the right if that is negative.
  struct Piece {
    ptrdiff_t offset;
    int shift;
  };

  int taps_ = 0, channels_ = 1;
  std::vector<std::vector<Piece>> pieces_;  // of each word
  ptrdiff_t row_step_ = 0, column_step_ = 0;
  int output_width_ = 0;
};

}  // namespace larq_focal
