// NEON with dot products (Cortex-A76): products of four bytes sum to 32 bits in one instruction.
#if defined(__aarch64__)
#include "../few_bits.h"
#include "../target.h"

LARQ_FOCAL_TARGET("arch=armv8.2-a+dotprod")

#include "../vectors/neon_bytes.inc.h"

namespace larq_focal {
namespace {

constexpr int kDotVectors = 4;
constexpr int kDotPositions = 5;
constexpr int kTableGroups = 2;
constexpr int kTablePositions = 5;

constexpr bool kShortDots = false;
using Dots = int32x4_t;

inline Dots with_dots(Dots dots, Bytes pixels, Bytes weights) {
  return vdotq_s32(dots, vreinterpretq_s8_u8(pixels), vreinterpretq_s8_u8(weights));
}

inline WideInts widened(Dots dots) { return reinterpret_cast<WideInts>(dots); }

}  // namespace
}  // namespace larq_focal

#include "../bodies/byte_dots.inc.h"
#include "../bodies/byte_depthwise.inc.h"
#include "../bodies/sum_tables.inc.h"

namespace larq_focal {

// Estimates: sdot does 16 products an instruction, a table lookup and an addition 64 of up to 4 bits, 32 of 8.
extern const FewBitKernel neon_dot_few_bits = {
    "neon_dot", &kDotLoop, &kDepthwiseLoop, &kTableLoop, nullptr, {0, 256, 64, 0}};

}  // namespace larq_focal

LARQ_FOCAL_END_TARGET
#endif
