// AVX2 has no popcount, but a shuffle looks up 32 tables of 16 bytes at once: a shuffle and an add do 128 binary
// products, where counting the bits of an xor takes eight instructions for 256.
#if defined(__x86_64__)
#include "kernel.h"
#include "target.h"
#include "x86_processor.h"

LARQ_FOCAL_TARGET("avx2")

#include "vectors/avx2.inc.h"

namespace larq_focal {
namespace {

constexpr int kGroups = 2;
constexpr int kPositions = 12;

bool is_supported() { return X86Processor().has_avx2; }

}  // namespace
}  // namespace larq_focal

#include "bodies/lookup.inc.h"

namespace larq_focal {

extern const Kernel avx2_kernel = make_kernel("avx2", is_supported);

}  // namespace larq_focal

LARQ_FOCAL_END_TARGET
#endif
