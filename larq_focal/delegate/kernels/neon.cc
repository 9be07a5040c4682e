// NEON, for every aarch64 processor: each byte of a vector counts bits of one output channel, 16 or 32 channels by four
// or two positions in registers; xor, count and add per 128 binary products.
#if defined(__aarch64__)
#include "kernel.h"
#include "vectors/neon.inc.h"

namespace larq_focal {
namespace {

constexpr int kGroupVectors = 4;
constexpr int kGroups = 2;
constexpr int kPositions = 4;

using Counts = uint8x16_t;
constexpr int kCountsWords = 31;  // of eight bits to a byte: 248

inline Counts with_differing(Counts counts, Words image, Words weights) {
  return vaddq_u8(counts, differing_counts(image, weights));
}

inline void store_counts(Counts counts, bool is_first, int32_t* popcounts) {
  store_sums(vpaddlq_u16(vpaddlq_u8(counts)), is_first, popcounts);
}

bool is_supported() { return true; }

}  // namespace
}  // namespace larq_focal

#include "bodies/counting.inc.h"

namespace larq_focal {

extern const Kernel neon_kernel = make_kernel("neon", is_supported);

}  // namespace larq_focal
#endif
