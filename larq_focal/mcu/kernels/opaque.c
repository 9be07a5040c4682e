/* Keeps a pointer in a register of its own: gcc else adds its distance from another one to each index. */
#if defined(__GNUC__)
#define lqf_opaque(pointer) __asm__("" : "+r"(pointer))
#else
#define lqf_opaque(pointer) ((void)(pointer))
#endif
