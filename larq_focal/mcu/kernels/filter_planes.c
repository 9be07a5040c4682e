/* The signs of the sums of one window with 32 filters at a time, which lie in the 32 bits of words: -1 where at least
   least[filter] bits differ. The number of differing bits is counted in planes: bit f of plane k is bit k of the number
   of filter f. Sums of three bits go from plane to plane (Harley and Seal; see Warren, "Hacker's Delight", 5-1).

   weights: for each filter block and input, the parity of start and the weights up to this input; two inputs a word.
       Then the parity of the lowest plane is at hand, and an input takes one exclusive or.
   starts: for each filter block, 2^(planes - 1) - least[filter] in planes: the sign is the highest plane in the end.
   words: of a window; planes: 6 to 16. */
#if defined(__GNUC__)
#define LQF_IN_ORDER __asm__ volatile("" ::: "memory") /* gcc loads early else, and has no registers left */
#else
#define LQF_IN_ORDER ((void)0)
#endif
/* Bit n of a word in all bits. */
#define LQF_SPREAD(word, n) (0u - (((word) >> (n)) & 1u))
/* Adds inputs n and n + 1 to the lowest plane. */
#define LQF_ADD_INPUTS(n, carry)                                                      \
    do {                                                                              \
        const uint64_t pair = weights[(n) / 2u];                                      \
        const uint32_t between = (uint32_t)pair ^ LQF_SPREAD(parities, (n));          \
        const uint32_t after = (uint32_t)(pair >> 32u) ^ LQF_SPREAD(parities, (n) + 1u); \
        (carry) = (between & ~(ones ^ after)) ^ ones;                                 \
        ones = after;                                                                 \
        LQF_IN_ORDER;                                                                 \
    } while (0)
/* Adds inputs n to n + 7 to the three lowest planes. */
#define LQF_ADD_EIGHT(n, carry)                   \
    do {                                          \
        uint32_t low_1, low_2, high_1, high_2;    \
        LQF_ADD_INPUTS((n), low_1);               \
        LQF_ADD_INPUTS((n) + 2u, low_2);          \
        lqf_carry_save_add(twos, low_1, low_2, high_1);      \
        LQF_IN_ORDER;                             \
        LQF_ADD_INPUTS((n) + 4u, low_1);          \
        LQF_ADD_INPUTS((n) + 6u, low_2);          \
        lqf_carry_save_add(twos, low_1, low_2, high_2);      \
        lqf_carry_save_add(fours, high_1, high_2, carry);    \
        LQF_IN_ORDER;                             \
    } while (0)
static void lqf_filter_planes(const uint32_t *window, const uint64_t *weights, const uint32_t *starts, uint32_t words,
                              uint32_t planes, uint32_t filters, lqf_bits *signs)
{
    uint32_t high[16], k, w, first;
    for (first = 0u; first < filters; first += 32u) {
        const uint32_t count = (filters - first < 32u) ? (filters - first) : 32u;
        uint32_t ones = starts[0], twos = starts[1], fours = starts[2], before = 0u;
        for (k = 3u; k < planes; ++k) {
            high[k] = starts[k];
        }
        for (w = 0u; w < words; ++w) {
            uint32_t parities = window[w], plane, a, b, c, d;
            parities ^= parities << 1u;
            parities ^= parities << 2u;
            parities ^= parities << 4u;
            parities ^= parities << 8u;
            parities ^= parities << 16u;
            parities ^= before;
            before = LQF_SPREAD(parities, 31u);
            LQF_ADD_EIGHT(0u, a);
            LQF_ADD_EIGHT(8u, b);
            plane = high[3];
            lqf_carry_save_add(plane, a, b, c);
            high[3] = plane;
            LQF_IN_ORDER;
            LQF_ADD_EIGHT(16u, a);
            LQF_ADD_EIGHT(24u, b);
            plane = high[3];
            lqf_carry_save_add(plane, a, b, d);
            high[3] = plane;
            plane = high[4];
            lqf_carry_save_add(plane, c, d, a);
            high[4] = plane;
            for (k = 5u; a != 0u; ++k) {
                const uint32_t was = high[k];
                high[k] = was ^ a;
                a &= was;
            }
            weights += 16;
        }
        starts += planes;
        lqf_put_bits(signs, high[planes - 1u] & (0xffffffffu >> (32u - count)), count);
    }
}
