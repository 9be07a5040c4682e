// NEON with dot products (Cortex-A76): one with ones adds the counts of a channel's four bytes to 32 bits at once, in
// place of the addition of bytes. Nothing overflows, and nothing is left to sum.
#if defined(__aarch64__)
#if defined(__linux__)
#include <sys/auxv.h>
#endif

#include "kernel.h"
#include "target.h"

LARQ_FOCAL_TARGET("arch=armv8.2-a+dotprod")

#include "vectors/neon.inc.h"

namespace larq_focal {
namespace {

constexpr int kGroupVectors = 4;
constexpr int kGroups = 2;
constexpr int kPositions = 4;

using Counts = uint32x4_t;
constexpr int kCountsWords = INT_MAX;

inline Counts with_differing(Counts counts, Words image, Words weights) {
  return vdotq_u32(counts, differing_counts(image, weights), vdupq_n_u8(1));
}

inline void store_counts(Counts counts, bool is_first, int32_t* popcounts) { store_sums(counts, is_first, popcounts); }

bool is_supported() {
#if defined(__linux__)
  constexpr unsigned long kDotProducts = 1 << 20;  // HWCAP_ASIMDDP
  return getauxval(AT_HWCAP) & kDotProducts;
#else
  return false;
#endif
}

}  // namespace
}  // namespace larq_focal

#include "bodies/counting.inc.h"

namespace larq_focal {

extern const Kernel neon_dot_kernel = make_kernel("neon_dot", is_supported);

}  // namespace larq_focal

LARQ_FOCAL_END_TARGET
#endif
