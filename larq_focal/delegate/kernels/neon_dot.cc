// NEON with dot products (Cortex-A76): one with ones adds the counts of a channel's four bytes to 32 bits at once, in
// place of the addition of bytes. Nothing overflows, and nothing is left to sum.
#if defined(__aarch64__)
#include <arm_neon.h>
#if defined(__linux__)
#include <sys/auxv.h>
#endif

#include <climits>

#include "kernel.h"
#include "target.h"

LARQ_FOCAL_TARGET("arch=armv8.2-a+dotprod")

namespace larq_focal {
namespace {

using Counts = uint32x4_t;
constexpr int kCountsWords = INT_MAX;

inline Counts with_bits(Counts counts, uint8x16_t bits) { return vdotq_u32(counts, vcntq_u8(bits), vdupq_n_u8(1)); }

inline uint32x4_t channel_counts(Counts counts) { return counts; }

}  // namespace
}  // namespace larq_focal

#include "neon.inc.h"

namespace larq_focal {
namespace {

bool is_supported() {
#if defined(__linux__)
  constexpr unsigned long kDotProducts = 1 << 20;  // HWCAP_ASIMDDP
  return getauxval(AT_HWCAP) & kDotProducts;
#else
  return false;
#endif
}

}  // namespace

extern const Kernel neon_dot_kernel = {"neon_dot",   is_supported, kBlock,      kPositions, 1,
                                       pack_weights, convolve,     pack_floats, sum_floats, pack_bytes};

}  // namespace larq_focal

LARQ_FOCAL_END_TARGET
#endif
