// AVX-512 with VPOPCNTDQ: each 32-bit lane counts for one output channel, 32 channels by 7 positions in registers; xor,
// popcount and add per 512 binary products.
#if defined(__x86_64__)
#include "kernel.h"
#include "target.h"
#include "x86_processor.h"

LARQ_FOCAL_TARGET("avx512f,avx512bw,avx512dq,avx512vl,avx512vpopcntdq")
#if !defined(__clang__)
#pragma GCC target("prefer-vector-width=512")  // GCC's own default is half of it
#endif

#include "vectors/avx512.inc.h"

namespace larq_focal {
namespace {

constexpr int kGroupVectors = 2;
constexpr int kGroups = 1;
constexpr int kPositions = 7;  // ImageNet's 56, 28, 14 and 7 columns are multiples

bool is_supported() { return X86Processor().has_avx512; }

}  // namespace
}  // namespace larq_focal

#include "bodies/counting.inc.h"

namespace larq_focal {

extern const Kernel avx512_kernel = make_kernel("avx512", is_supported);

}  // namespace larq_focal

LARQ_FOCAL_END_TARGET
#endif
