/* Tables that vectors are loaded from: a vector that lies in two lines of the cache takes two loads. */
#if defined(__GNUC__)
#define LQF_ALIGNED __attribute__((aligned(64)))
#else
#define LQF_ALIGNED
#endif
