/* How many bits of a window differ from those of LANES filters, which compilers put into the lanes of vectors.

   mask: which bits are counted, or 0 for all.
   weights: for each word of the window, a word of each filter. */
static inline void lqf_lane_counts_LANES_WORDS(const uint32_t *window, const uint32_t *mask, const uint32_t *weights,
                                               uint32_t *counts)
{
    uint32_t w, f;
#if defined(__AVX512VPOPCNTDQ__) || defined(__clang__)
    for (f = 0u; f < LANESu; ++f) {
        counts[f] = 0u;
    }
    for (w = 0u; w < WORDSu; ++w) {
        for (f = 0u; f < LANESu; ++f) {
            counts[f] += (uint32_t)__builtin_popcount(lqf_differing(window, mask, w, weights[f]));
        }
        weights += LANES;
    }
#else /* vectors that do not count: sums and carries (Harley and Seal; see Warren, "Hacker's Delight", 5-1) */
    uint32_t first;
    for (first = 0u; first < LANESu; first += 16u) {
        const uint32_t *rows = weights + first;
        uint32_t ones[16] = {0u}, twos[16] = {0u}, fours[16] = {0u}, eights[16] = {0u};
        for (w = 0u; w + 8u <= WORDSu; w += 8u) {
            for (f = 0u; f < 16u; ++f) {
                const uint32_t *row = rows + f;
                uint32_t x[8], one = ones[f], two = twos[f], four = fours[f], a, b, c, d, k;
                for (k = 0u; k < 8u; ++k) {
                    x[k] = lqf_differing(window, mask, w + k, row[k * LANESu]);
                }
                lqf_carry_save_add(one, x[0], x[1], a);
                lqf_carry_save_add(one, x[2], x[3], b);
                lqf_carry_save_add(two, a, b, c);
                lqf_carry_save_add(one, x[4], x[5], a);
                lqf_carry_save_add(one, x[6], x[7], b);
                lqf_carry_save_add(two, a, b, d);
                lqf_carry_save_add(four, c, d, a);
                ones[f] = one;
                twos[f] = two;
                fours[f] = four;
                eights[f] += lqf_bits_of_bytes(a);
            }
            rows += 8 * LANES;
        }
        for (f = 0u; f < 16u; ++f) {
            counts[first + f] = 8u * lqf_sum_of_bytes(eights[f]) +
                                lqf_sum_of_bytes(4u * lqf_bits_of_bytes(fours[f]) + 2u * lqf_bits_of_bytes(twos[f]) +
                                                 lqf_bits_of_bytes(ones[f]));
        }
        for (; w < WORDSu; ++w) {
            for (f = 0u; f < 16u; ++f) {
                counts[first + f] += lqf_sum_of_bytes(lqf_bits_of_bytes(lqf_differing(window, mask, w, rows[f])));
            }
            rows += LANES;
        }
    }
#endif
}
