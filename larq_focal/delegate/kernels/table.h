// Every kernel, best first: its name, and the flags of /proc/cpuinfo that its processor has. A file of the name defines
// it.
//
// Whoever includes this defines LARQ_FOCAL_KERNEL(name, flags): the registry does, and tests and benchmarks read the
// rows as text.
#if defined(__x86_64__)
LARQ_FOCAL_KERNEL(avx512, "avx512f avx512bw avx512dq avx512vl avx512vbmi avx512_vnni avx512_vpopcntdq")
LARQ_FOCAL_KERNEL(avx2, "avx2")
#endif
#if defined(__aarch64__)
LARQ_FOCAL_KERNEL(neon_dot, "asimddp")
LARQ_FOCAL_KERNEL(neon, "asimd")
#endif
LARQ_FOCAL_KERNEL(portable, "")
LARQ_FOCAL_KERNEL(reference, "")
