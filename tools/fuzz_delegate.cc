// Fuzzes the reading of options, the preparation step and, where the sizes allow, the run of each operation. A run that
// allocates memory is a fault too.
//
// With clang:  clang++ -std=c++17 -fsanitize=fuzzer,address,undefined -DLIBFUZZER tools/fuzz_delegate.cc
//              tools/counted_allocations.cc <the sources>
// With g++, as in sanitize_delegate.sh: a plain loop over random changes of sound inputs; the arguments are its
// seconds and, if it must not end before, how many inputs must have run.
#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <random>
#include <vector>

#include "../larq_focal/delegate/graph/network.h"
#include "../larq_focal/delegate/operations/channel_mean.h"
#include "../larq_focal/delegate/operations/channels.h"
#include "../larq_focal/delegate/operations/elementwise.h"
#include "../larq_focal/delegate/operations/float_max_pool.h"
#include "../larq_focal/delegate/operations/quantize_levels.h"
#include "counted_allocations.h"
#include "lce_options.h"

namespace {

using larq_focal::Tensor;
using larq_focal::Type;
using Bytes = std::vector<uint8_t>;
using larq_focal::options;

long runs = 0;  // inputs that prepare accepted

constexpr int kTensors = 7;
constexpr int kResidual = 5;                         // of the shape of a convolution's output, in sound inputs
constexpr int kMostFollowing = 6;                    // operations behind the first
constexpr size_t kChoices = 1 + 8 * kMostFollowing;  // bytes that decide on these
constexpr size_t kMostConstant = 1 << 14;            // bytes of memory behind a constant
constexpr size_t kMostRun = 1 << 18;                 // bytes of a tensor with which an operation still runs

const char* const kNames[] = {"LceQuantize",        "LceDequantize", "LceBMaxPool2d",
                              "LceBconv2d",         "LqfConv2d",     "LqfFullyConnected",
                              "LqfDepthwiseConv2d", "LqfQuantize",   "LceNothing"};
constexpr int kDense = 5, kDepthwise = 6, kQuantizer = 7;

// Takes values from the front of the input, zeros when it is used up.
class Source {
 public:
  Source(const uint8_t* data, size_t size) : data_(data), size_(size) {}

  template <typename Value>
  Value take() {
    Value value{};
    size_t bytes = sizeof(value) < size_ ? sizeof(value) : size_;
    if (bytes > 0) std::memcpy(&value, data_, bytes);
    data_ += bytes;
    size_ -= bytes;
    return value;
  }

  const uint8_t* rest() const { return data_; }
  size_t left() const { return size_; }

 private:
  const uint8_t* data_;
  size_t size_;
};

// A tensor as a damaged model may have it: any type, shape and scale; constants have the memory that they need.
void describe(Source& source, Tensor& tensor, std::vector<Bytes>& memory) {
  tensor.type = static_cast<Type>(source.take<uint8_t>() % 5);
  tensor.dims.resize(source.take<uint8_t>() % 6);
  const bool is_wild = source.take<uint8_t>() % 16 == 0;
  for (int& size : tensor.dims) size = is_wild ? source.take<int>() : source.take<int8_t>();
  tensor.scale = source.take<float>();
  tensor.zero_point = source.take<int16_t>();
  if (source.take<uint8_t>() % 2 == 0) return;
  try {
    if (byte_count(tensor) > kMostConstant) return;
  } catch (const larq_focal::Error&) {
    return;
  }
  memory.emplace_back(byte_count(tensor), source.take<uint8_t>());
  tensor.is_constant = true;
  tensor.data = memory.back().data();
}

// To all that come from outside or go there.
bool give_memory(larq_focal::Network& network, std::vector<Bytes>& memory) {
  for (int number = 0; number < kTensors + kMostFollowing; ++number) {
    Tensor& tensor = network.tensor(number);
    if (tensor.is_constant || tensor.data || tensor.whole) continue;
    try {
      if (byte_count(tensor) > kMostRun) return false;
    } catch (const larq_focal::Error&) {
      continue;  // not used, or prepare would have refused it
    }
    memory.emplace_back(byte_count(tensor), uint8_t{0x5a});
    tensor.data = memory.back().data();
  }
  return true;
}

// What follows convolutions in networks.
std::unique_ptr<larq_focal::Operation> following(Source& source, const larq_focal::Kernel& kernel,
                                                 const Tensor& image) {
  const auto activation = static_cast<larq_focal::Activation>(source.take<uint8_t>() % 8 == 0);
  const int channels = source.take<uint8_t>() % 4;
  using Kind = larq_focal::FloatStep::Kind;
  const auto axis = [&] {
    const uint8_t drawn = source.take<uint8_t>();
    return larq_focal::Axis{1 + drawn % 3, 1 + drawn / 3 % 3, 1, static_cast<larq_focal::Padding>(drawn / 9 % 2)};
  };
  switch (source.take<uint8_t>() % 12) {
    case 0:
      return std::make_unique<larq_focal::Elementwise>(Kind::kAdd, activation);
    case 1:
      return std::make_unique<larq_focal::Elementwise>(Kind::kMultiply, activation);
    case 2:
      return std::make_unique<larq_focal::Elementwise>(Kind::kPrelu, larq_focal::Activation::kNone);
    case 3:
    case 4:
      return std::make_unique<larq_focal::Concatenation>();
    case 5:
      return std::make_unique<larq_focal::ChannelPadding>(channels, channels / 2);
    case 6:
      return std::make_unique<larq_focal::SliceAddition>(channels);
    case 7:
      return std::make_unique<larq_focal::ChannelMean>(kernel, image.dims.size() > 1 ? image.dims[1] : 1,
                                                       image.dims.size() > 2 ? image.dims[2] : 1, activation);
    case 8:
      return std::make_unique<larq_focal::FloatMaxPool>(kernel, axis(), axis());
    case 9:
    case 10: {
      const Bytes map = options({{"lowest", source.take<int8_t>()}});
      return larq_focal::make_custom_operation(kNames[kQuantizer], map.data(), map.size(), kernel);
    }
    default:
      return larq_focal::make_custom_operation("LceQuantize", nullptr, 0, kernel);
  }
}

// Operations on what was made before, or on a residual or constants.
void add_following(Source& source, const larq_focal::Kernel& kernel, int output, larq_focal::Network& network) {
  const int count = source.take<uint8_t>() % (kMostFollowing + 1);
  std::set<int> outputs{count > 0 ? kTensors + count - 1 : output};
  for (int i = 0; i < count; ++i) {
    const int previous = i == 0 ? output : kTensors + i - 1;
    const int others[] = {
        kResidual, kResidual, 2, 3, previous, output, previous - 1, source.take<uint8_t>() % kTensors};
    auto other = [&] { return std::max(others[source.take<uint8_t>() % 8], 0); };
    auto operation = following(source, kernel, network.tensor(kResidual));
    const bool quantizes = dynamic_cast<larq_focal::QuantizeLevels*>(operation.get()) != nullptr;
    const bool is_unary = !quantizes && dynamic_cast<larq_focal::Elementwise*>(operation.get()) == nullptr &&
                          dynamic_cast<larq_focal::Concatenation*>(operation.get()) == nullptr &&
                          dynamic_cast<larq_focal::SliceAddition*>(operation.get()) == nullptr;
    const bool packs = dynamic_cast<larq_focal::OperationWithSteps*>(operation.get()) != nullptr &&
                       dynamic_cast<larq_focal::ChannelMean*>(operation.get()) == nullptr;
    const int made = kTensors + i;
    network.tensor(made).type = quantizes ? Type::kInt8 : packs ? Type::kPacked : Type::kFloat32;
    network.tensor(made).scale = 0.5f;
    network.tensor(made).dims = network.tensor(previous).dims;
    const int value = source.take<uint8_t>() % 4 ? previous : other();
    std::vector<int> inputs{value};
    if (!is_unary) inputs.push_back(other());
    if (source.take<uint8_t>() % 8 == 0) outputs.insert(made);
    network.add("operation", std::move(operation), inputs, {made});
  }
  network.set_outputs(outputs);
  network.fuse();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  Source source(data, size);
  std::vector<Bytes> memory;
  const auto kernels = larq_focal::supported_kernels();
  const auto& kernel = *kernels[source.take<uint8_t>() % kernels.size()];
  const std::string name = kNames[source.take<uint8_t>() % (sizeof(kNames) / sizeof(kNames[0]))];
  std::vector<int> inputs(source.take<uint8_t>() % 7);
  for (int& number : inputs) number = source.take<uint8_t>() % (kTensors + 1) - 1;
  const int output = source.take<uint8_t>() % kTensors;
  Bytes choices(kChoices);
  for (uint8_t& choice : choices) choice = source.take<uint8_t>();
  try {
    larq_focal::Network network;
    for (int number = 0; number < kTensors; ++number) describe(source, network.tensor(number), memory);
    network.add(name, larq_focal::make_custom_operation(name, source.rest(), source.left(), kernel), inputs, {output});
    Source chosen(choices.data(), choices.size());
    add_following(chosen, kernel, output, network);
    network.prepare();
    larq_focal::ThreadPool threads;
    if (give_memory(network, memory)) {
      const long before = larq_focal::allocations();
      network.run(threads);
      if (const long count = larq_focal::allocations() - before) {
        std::fprintf(stderr, "%s: a run allocated memory %ld times\n", name.c_str(), count);
        std::abort();
      }
      ++runs;
    }
  } catch (const larq_focal::Error&) {
  } catch (const std::bad_alloc&) {
  }
  return 0;
}

#ifndef LIBFUZZER
namespace {

void put(Bytes& bytes, std::initializer_list<int> values) {
  for (int value : values) bytes.push_back(static_cast<uint8_t>(value));
}

void put_tensor(Bytes& bytes, Type type, std::vector<int> dims, bool is_constant) {
  put(bytes, {static_cast<int>(type), static_cast<int>(dims.size()), 1});
  for (int size : dims) put(bytes, {size});
  const float scale = 0.5f;
  bytes.insert(bytes.end(), reinterpret_cast<const uint8_t*>(&scale), reinterpret_cast<const uint8_t*>(&scale + 1));
  put(bytes, {3, 0, is_constant});
  if (is_constant) put(bytes, {0x35});
}

void put_choices(Bytes& bytes, std::mt19937& random) {
  for (size_t i = 0; i < kChoices; ++i) put(bytes, {static_cast<int>(random() % 256)});
}

// A convolution or a dense layer of few bits.
Bytes few_bits(std::mt19937& random, int kernel, int operation) {
  auto upto = [&](int most) { return static_cast<int>(random() % most) + 1; };
  const bool is_dense = operation == kDense, is_depthwise = operation == kDepthwise;
  const int multiplier = is_depthwise ? upto(3) : 1, channels = upto(100 / multiplier);
  const int bits = upto(4), window = upto(is_depthwise ? 12 : 3), side = upto(8);
  const int outputs = is_depthwise ? channels * multiplier : upto(100);
  const int words = bits * larq_focal::packed_words(is_depthwise ? outputs : channels);
  Bytes bytes;
  put(bytes, {kernel, operation, 4, 1, 2, 3, 4, 6});
  put_choices(bytes, random);
  put_tensor(bytes, Type::kInt8, is_dense ? std::vector<int>{side, channels} : std::vector<int>{2, side, side, channels},
             false);
  const std::vector<int> filter{is_depthwise ? 1 : outputs, window, window, words};
  put_tensor(bytes, Type::kPacked, is_dense ? std::vector<int>{outputs, words} : filter, true);
  put_tensor(bytes, Type::kFloat32, {outputs}, true);
  put_tensor(bytes, Type::kFloat32, {outputs}, true);
  put_tensor(bytes, Type::kFloat32, {1}, false);
  put_tensor(bytes, Type::kFloat32, {2, side, side, outputs}, false);  // fits where the sizes stay
  put_tensor(bytes, random() % 2 ? Type::kInt8 : Type::kFloat32, {1, 1, 1, 1}, false);
  const int image_bits = upto(8);
  const Bytes map = options({{"channels_in", channels},
                             {"depth_multiplier", multiplier},
                             {"dilation_height_factor", upto(2)},
                             {"dilation_width_factor", upto(2)},
                             {"fused_activation_function", upto(4) - 1},
                             {"image_bits", image_bits},
                             {"image_lowest", image_bits == 8 ? -128 : 0},
                             {"padding", upto(2) - 1},
                             {"stride_height", upto(3)},
                             {"stride_width", upto(3)},
                             {"weight_bits", bits},
                             {"weight_offset", bits == 1 ? 1 : -(1 << (bits - 1))},
                             {"weight_step", bits == 1 ? -2 : 1}});
  bytes.insert(bytes.end(), map.begin(), map.end());
  return bytes;
}

// Floats to codes by thresholds that are all the same.
Bytes quantizer(std::mt19937& random, int kernel) {
  const int side = static_cast<int>(random() % 8) + 1, channels = static_cast<int>(random() % 100) + 1;
  Bytes bytes;
  put(bytes, {kernel, kQuantizer, 2, 1, 2, 6});
  put_choices(bytes, random);
  put_tensor(bytes, Type::kFloat32, {2, side, side, channels}, false);
  put_tensor(bytes, Type::kFloat32, {static_cast<int>(random() % 20) + 1}, true);
  for (int i = 2; i < 6; ++i) put_tensor(bytes, Type::kFloat32, {1}, false);
  put_tensor(bytes, Type::kInt8, {1, 1, 1, 1}, false);
  const Bytes map = options({{"lowest", static_cast<int>(random() % 100) - 50}});
  bytes.insert(bytes.end(), map.begin(), map.end());
  return bytes;
}

// One sound input per operation and kernel.
Bytes sound(std::mt19937& random) {
  const int kernel = random() % 8, operation = random() % (kQuantizer + 1);
  auto upto = [&](int most) { return static_cast<int>(random() % most) + 1; };
  const int channels = upto(100), words = larq_focal::packed_words(channels), outputs = upto(70);
  const int window = upto(4), side = upto(8);
  const Type types[] = {Type::kFloat32, Type::kPacked, Type::kInt8};
  const Type type = types[random() % 3];
  Bytes bytes;
  put(bytes, {kernel, operation});
  if (operation == 3) {
    put(bytes, {5, 1, 2, 3, 4, 5, 6});
    put_choices(bytes, random);
    put_tensor(bytes, Type::kPacked, {2, side, side, words}, false);
    put_tensor(bytes, Type::kPacked, {outputs, window, window, words}, true);
    put_tensor(bytes, Type::kFloat32, {outputs}, true);
    put_tensor(bytes, Type::kFloat32, {outputs}, true);
    put_tensor(bytes, Type::kPacked, {outputs}, true);
    put_tensor(bytes, Type::kFloat32, {2, side, side, outputs}, false);  // fits where stride and padding keep the size
    put_tensor(bytes, type, {1, 1, 1, 1}, false);
    const Bytes map = options({{"channels_in", channels},
                               {"dilation_height_factor", upto(2)},
                               {"dilation_width_factor", upto(2)},
                               {"fused_activation_function", upto(4) - 1},
                               {"pad_values", upto(2) - 1},
                               {"padding", upto(2) - 1},
                               {"stride_height", upto(3)},
                               {"stride_width", upto(3)}});
    bytes.insert(bytes.end(), map.begin(), map.end());
    return bytes;
  }
  if (operation == kQuantizer) return quantizer(random, kernel);
  if (operation >= 4) return few_bits(random, kernel, operation);
  const Type value = type == Type::kPacked ? Type::kBool : type;
  put(bytes, {1, 1, 6});
  put_choices(bytes, random);
  put_tensor(bytes, operation == 0 ? value : Type::kPacked, {2, side, side, operation == 0 ? channels : words}, false);
  for (int i = 1; i < 6; ++i) put_tensor(bytes, Type::kFloat32, {1}, false);
  put_tensor(bytes, operation == 1 ? value : Type::kPacked, {2, side, side, channels}, false);
  const Bytes map = options({{"filter_height", window},
                             {"filter_width", upto(4)},
                             {"padding", upto(2) - 1},
                             {"stride_height", upto(3)},
                             {"stride_width", upto(3)}});
  bytes.insert(bytes.end(), map.begin(), map.end());
  return bytes;
}

void damage(Bytes& bytes, std::mt19937& random) {
  for (unsigned changes = random() % 5; changes > 0 && !bytes.empty(); --changes) {
    size_t place = random() % bytes.size();
    switch (random() % 5) {
      case 0:
        bytes[place] ^= static_cast<uint8_t>(1 << random() % 8);
        break;
      case 1:
        bytes[place] = static_cast<uint8_t>(random());
        break;
      case 2:
        bytes.erase(bytes.begin() + place, bytes.begin() + place + random() % (bytes.size() - place));
        break;
      case 3:
        bytes.insert(bytes.begin() + place, static_cast<uint8_t>(random()));
        break;
      default:
        bytes[place] = random() % 2 ? 0xff : 0x7f;
    }
  }
}

}  // namespace

int main(int count, char** arguments) {
  const double seconds = count > 1 ? std::atof(arguments[1]) : 60;
  const long least_runs = count > 2 ? std::atol(arguments[2]) : 0;
  std::mt19937 random(0);
  long inputs = 0;
  for (auto start = std::chrono::steady_clock::now();
       std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count() < seconds || runs < least_runs;
       ++inputs) {
    Bytes bytes = sound(random);
    damage(bytes, random);
    LLVMFuzzerTestOneInput(bytes.data(), bytes.size());
  }
  std::printf("%ld inputs, %ld of them run, no fault\n", inputs, runs);
}
#endif
