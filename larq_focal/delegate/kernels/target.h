// LARQ_FOCAL_TARGET("avx2"): compiles the functions that follow, up to LARQ_FOCAL_END_TARGET, for more than the
// processor that the rest of the library is compiled for. Only for files that the registry guards at run time.
#pragma once

// What the files in between include is included here, so that its functions are not compiled for the target too.
#include <array>
#include <climits>
#include <cstdint>
#include <utility>
#if defined(__x86_64__)
#include <immintrin.h>
#elif defined(__aarch64__)
#include <arm_neon.h>
#endif

#define LARQ_FOCAL_PRAGMA(text) _Pragma(#text)
#if defined(__clang__)
#define LARQ_FOCAL_TARGET(features) \
  LARQ_FOCAL_PRAGMA(clang attribute push(__attribute__((target(features))), apply_to = function))
#define LARQ_FOCAL_END_TARGET LARQ_FOCAL_PRAGMA(clang attribute pop)
#else
#define LARQ_FOCAL_TARGET(features) LARQ_FOCAL_PRAGMA(GCC push_options) LARQ_FOCAL_PRAGMA(GCC target(features))
#define LARQ_FOCAL_END_TARGET LARQ_FOCAL_PRAGMA(GCC pop_options)
#endif
