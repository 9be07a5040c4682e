// NEON, for every aarch64 processor: counts in bytes, which hold 31 words.
#if defined(__aarch64__)
#include <arm_neon.h>

namespace larq_focal {
namespace {

using Counts = uint8x16_t;
constexpr int kCountsWords = 31;  // of eight bits to a byte: 248

inline Counts with_bits(Counts counts, uint8x16_t bits) { return vaddq_u8(counts, vcntq_u8(bits)); }

inline uint32x4_t channel_counts(Counts counts) { return vpaddlq_u16(vpaddlq_u8(counts)); }

}  // namespace
}  // namespace larq_focal

#include "neon.inc.h"

namespace larq_focal {
namespace {

bool is_supported() { return true; }

}  // namespace

extern const Kernel neon_kernel = {"neon",       is_supported, kBlock,      kPositions, 1,
                                   pack_weights, convolve,     pack_floats, sum_floats, pack_bytes};

}  // namespace larq_focal
#endif
