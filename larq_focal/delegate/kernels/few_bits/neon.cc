// NEON, for every aarch64 processor: products of bytes sum in pairs to 16 bits; a table lookup takes the place of four
// products with weights of one bit.
#if defined(__aarch64__)
#include "../few_bits.h"
#include "../vectors/neon_bytes.inc.h"

namespace larq_focal {
namespace {

constexpr int kDotVectors = 4;
constexpr int kDotPositions = 4;
constexpr int kTableGroups = 2;
constexpr int kTablePositions = 5;

constexpr bool kShortDots = true;
using Dots = int16x8_t;

inline Dots with_dots(Dots dots, Bytes pixels, Bytes weights) {
  const int8x16_t image = vreinterpretq_s8_u8(pixels), levels = vreinterpretq_s8_u8(weights);
  const int16x8_t low = vmull_s8(vget_low_s8(image), vget_low_s8(levels));
  return vaddq_s16(dots, vpaddq_s16(low, vmull_high_s8(image, levels)));
}

inline WideInts widened(Dots dots) { return reinterpret_cast<WideInts>(vpaddlq_s16(dots)); }

}  // namespace
}  // namespace larq_focal

#include "../bodies/byte_dots.inc.h"
#include "../bodies/byte_depthwise.inc.h"
#include "../bodies/pair_tables.inc.h"

namespace larq_focal {

// Estimates: a table lookup and an addition do 64 products, the four instructions of a dot product 16.
extern const FewBitKernel neon_few_bits = {
    "neon", &kDotLoop, &kDepthwiseLoop, &kTableLoop, &kPairLoop, {32, 32, 32, 32}};

}  // namespace larq_focal
#endif
