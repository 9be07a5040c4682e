// The run of a binary convolution, for which convolution.cc prepares everything that the shapes and constants tell.
#include <algorithm>
#include <cstring>

#include "convolution.h"

namespace larq_focal {

// The image with its padding. Words of zeros stand for +1.
const uint32_t* BinaryConvolution::padded(const uint32_t* image) {
  if (!is_padded_) return image;
  const std::vector<int>& dims = inputs[0]->dims;
  const size_t words = dims[3], row_words = padded_width_ * words;
  auto* to = padded_image_.as<uint32_t>();
  std::memset(to, 0, padded_height_ * row_words * sizeof(uint32_t));
  const int64_t top = row_placement_.before, left = column_placement_.before;
  const int64_t height = std::min<int64_t>(dims[1], padded_height_ - top);
  const int64_t width = std::min<int64_t>(dims[2], padded_width_ - left);
  for (int64_t y = 0; y < height; ++y) {
    std::memcpy(to + (y + top) * row_words + left * words, image + y * dims[2] * words,
                width * words * sizeof(uint32_t));
  }
  return to;
}

// All windows of an image of few channels, padding included.
const uint32_t* BinaryConvolution::gathered(const uint32_t* image, ThreadPool& threads) {
  auto* windows = windows_.as<uint32_t>();
  const ptrdiff_t positions = ptrdiff_t{row_placement_.outputs} * column_placement_.outputs;
  threads.parallel_for(row_placement_.outputs, [&](int64_t begin, int64_t end) {
    window_bits_.gather(image, begin, end, positions, windows);
  });
  return windows;
}

// What one group of an image gives to the value `to` and, unless that is null, to what is quantized of it.
Convolution BinaryConvolution::group_task(int image, int group, const uint32_t* pixels, const Tensor& to,
                                          const Tensor* quantized) {
  const int group_channels = channels_ / groups_;
  const int first = group * group_channels;
  const ptrdiff_t positions = ptrdiff_t{row_placement_.outputs} * column_placement_.outputs;
  const ptrdiff_t start = image * positions;

  Convolution task{};
  task.image = pixels + group * group_words_;
  task.row_step = row_step_;
  task.column_step = column_step_;
  task.output_width = column_placement_.outputs;
  task.window = window_;
  task.weights = weights_.as<uint32_t>() + group * group_weights_;
  task.channels = group_channels;
  task.transform.products = products_;
  task.transform.lowest = lowest_;
  task.transform.highest = highest_;
  task.correction = edge_sums_.correction();
  if (task.correction.sums) task.correction.sums += first;

  aim(task.destination, to, quantized, start, first);
  if (to.type == Type::kPacked) {
    task.transform.threshold = threshold_.data() + first;
  } else {
    task.transform.multiplier = multiplier_.data() + first;
    task.transform.bias = bias_.data() + first;
  }
  return task;
}

// Windows of one word are the indices of the tables.
void BinaryConvolution::look_up(int image) const {
  const int64_t positions = int64_t{row_placement_.outputs} * column_placement_.outputs, first = image * positions;
  const auto* indices = windows_.as<uint32_t>();
  if (outputs[0]->is_stored) output_table_.look_up(indices, first, positions, *outputs[0]);
  if (quantized_) quantized_table_.look_up(indices, first, positions, *quantized_);
}

void BinaryConvolution::run(ThreadPool& threads) {
  const std::vector<int>& dims = inputs[0]->dims;
  const ptrdiff_t image_words = ptrdiff_t{dims[1]} * dims[2] * dims[3];
  const int positions = row_placement_.outputs * column_placement_.outputs;
  const int tiles = (positions + kernel_.block_positions - 1) / kernel_.block_positions;
  const int blocks = (channels_ / groups_ + kernel_.block_channels - 1) / kernel_.block_channels;
  // Packed words with bits of more than one group or block, which are or-ed together one after the other.
  const bool shares_words = kernel_.block_channels % 32 != 0 || (groups_ > 1 && channels_ / groups_ % 32 != 0);
  const Tensor* packed = outputs.back()->type == Type::kPacked ? outputs.back() : nullptr;
  if (packed && shares_words) std::memset(packed->data, 0, byte_count(*packed));
  for (int image = 0; image < dims[0]; ++image) {
    const uint32_t* pixels = padded(inputs[0]->as<uint32_t>() + image * image_words);
    if (has_few_channels_) pixels = gathered(pixels, threads);
    if (has_table_) {
      look_up(image);
      continue;
    }
    for (int group = 0; group < groups_; ++group) {
      const Convolution task = group_task(image, group, pixels, *outputs[0], quantized_);
      // Blocks of channels outside, so that their weights stay in the first-level cache.
      auto convolve = [&](int64_t begin, int64_t end) {
        while (begin < end) {
          int64_t block = begin / tiles, stop = std::min(end, (block + 1) * tiles);
          int first = static_cast<int>(begin - block * tiles) * kernel_.block_positions;
          int last = static_cast<int>(stop - block * tiles) * kernel_.block_positions;
          kernel_.convolve(task, static_cast<int>(block) * kernel_.block_channels, first, std::min(last, positions));
          begin = stop;
        }
      };
      if (packed && shares_words) {
        convolve(0, int64_t{blocks} * tiles);
      } else {
        threads.parallel_for(int64_t{blocks} * tiles, convolve);
      }
    }
  }
}

}  // namespace larq_focal
