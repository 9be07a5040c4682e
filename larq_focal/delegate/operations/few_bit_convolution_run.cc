// The run of a convolution of few bits, for which few_bit_convolution.cc prepares everything that shapes and constants
// tell.
#include <algorithm>
#include <cstring>

#include "few_bit_convolution.h"

namespace larq_focal {

namespace {

// Repeats each byte of the last part of `bytes`, which that fills.
void repeat_bytes(uint8_t* bytes, ptrdiff_t count, int times) {
  const uint8_t* from = bytes + count * (times - 1);
  for (ptrdiff_t i = 0; i < count; ++i) {
    const uint8_t byte = from[i];
    for (int j = 0; j < times; ++j) *bytes++ = byte;
  }
}

}  // namespace

// A row of the padded image in a row of the buffer; it may lie outside of the image.
void FewBitConvolution::prepare_row(const int8_t* image, int64_t row, int64_t buffer_row) {
  const ptrdiff_t first = buffer_row * padded_width_;
  auto* to = prepared_.as<uint8_t>() + first * pixel_bytes_;
  int32_t* totals = loop_->sums_codes ? totals_.data() + first : nullptr;
  auto put_outside = [&](int64_t begin, int64_t end) {
    for (int64_t x = begin; x < end; ++x) {
      std::memcpy(to + x * pixel_bytes_, outside_.as<uint8_t>(), pixel_bytes_);
      if (totals) totals[x] = outside_total_;
    }
  };
  if (row < 0 || row >= height_) return put_outside(0, padded_width_);
  const int64_t begin = column_placement_.before, end = begin + width_;
  put_outside(0, begin);
  const ptrdiff_t bytes = ptrdiff_t{width_} * channels_in_;
  uint8_t* pixels = to + begin * pixel_bytes_;
  loop_->prepare_pixels(image + row * bytes, width_, channels_in_, shift_, largest_byte_,
                        pixels + bytes * (depth_multiplier_ - 1), totals ? totals + begin : nullptr);
  if (depth_multiplier_ > 1) repeat_bytes(pixels, bytes, depth_multiplier_);
  put_outside(end, padded_width_);
}

// What the lower level of a weight adds up to in each window.
void FewBitConvolution::sum_totals(int64_t row) {
  const int columns = column_placement_.outputs;
  for (int64_t x = 0; x < columns; ++x) {
    int32_t sum = 0;
    for (int64_t y = 0; y < rows_.size; ++y) {
      const int32_t* totals = totals_.data() + (row * rows_.stride + y * rows_.dilation) * padded_width_;
      for (int64_t tap = 0; tap < columns_.size; ++tap) {
        sum += totals[x * columns_.stride + tap * columns_.dilation];
      }
    }
    position_offsets_[row * columns + x] = sum * levels_[0];
  }
}

ByteConvolution FewBitConvolution::band_task(int image, int first_row) {
  const ptrdiff_t start = (ptrdiff_t{image} * row_placement_.outputs + first_row) * column_placement_.outputs;
  ByteConvolution task{};
  task.image = prepared_.as<uint8_t>();
  task.column_step = columns_.stride * folded_ * pixel_bytes_;
  task.row_step = rows_.stride * padded_width_ * pixel_bytes_;
  task.output_width = columns();
  const int run_words = form_ == Form::kDepthwise ? 1 : run_taps_ * steps_of(channels_in_);
  task.window = {run_offsets_.data(), static_cast<int>(run_offsets_.size()), run_words};
  task.weights = weights_.as<uint8_t>();
  task.bits = weight_bits_;
  task.levels = levels_;
  task.largest_level = largest_level_;
  task.largest_byte = largest_byte_;
  task.channels = channels_ * folded_;
  task.transform = {loop_->sums_codes ? levels_[1] - levels_[0] : 1,
                    offsets_.data(),
                    multiplier_.data(),
                    bias_.data(),
                    loop_->sums_codes ? position_offsets_.data() : nullptr,
                    lowest_,
                    highest_};
  aim(task.destination, *outputs[0], quantized_, start, 0);
  task.destination.float_stride *= folded_;
  task.destination.byte_stride *= folded_;
  return task;
}

void FewBitConvolution::run(ThreadPool& threads) {
  const int outputs_high = row_placement_.outputs;
  const int blocks = (channels_ * folded_ + loop_->block_channels - 1) / loop_->block_channels;
  // Packed words that blocks share, which are or-ed together one after the other.
  const bool shares_words = quantized_ && quantized_->type == Type::kPacked && loop_->block_channels % 32 != 0;
  if (shares_words) std::memset(quantized_->data, 0, byte_count(*quantized_));
  for (int image = 0; image < images_; ++image) {
    const int8_t* pixels = inputs[0]->as<int8_t>() + ptrdiff_t{image} * height_ * width_ * channels_in_;
    for (int first = 0; first < outputs_high; first += band_rows_) {
      const int rows = std::min(band_rows_, outputs_high - first);
      const int64_t top = first * rows_.stride - row_placement_.before;
      threads.parallel_for((rows - 1) * rows_.stride + rows_.extent(), [&](int64_t begin, int64_t end) {
        for (int64_t row = begin; row < end; ++row) prepare_row(pixels, top + row, row);
      });
      if (loop_->sums_codes) {
        for (int row = 0; row < rows; ++row) sum_totals(row);
      }
      const ByteConvolution task = band_task(image, first);
      const int positions = rows * columns();
      const int tiles = (positions + loop_->block_positions - 1) / loop_->block_positions;
      // Blocks of channels outside, so that their weights stay in the first-level cache.
      const auto convolve = [&](int64_t begin, int64_t end) {
        while (begin < end) {
          const int64_t block = begin / tiles, stop = std::min(end, (block + 1) * tiles);
          const auto position = [&](int64_t tile) {
            return std::min(static_cast<int>(tile - block * tiles) * loop_->block_positions, positions);
          };
          loop_->convolve(task, static_cast<int>(block) * loop_->block_channels, position(begin), position(stop));
          begin = stop;
        }
      };
      if (shares_words) {
        convolve(0, int64_t{blocks} * tiles);
      } else {
        threads.parallel_for(int64_t{blocks} * tiles, convolve);
      }
    }
  }
}

}  // namespace larq_focal
