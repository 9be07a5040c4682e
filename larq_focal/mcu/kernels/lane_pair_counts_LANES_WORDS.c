/* As lqf_lane_counts_LANES_WORDS, for two windows, so that weights are loaded once for both. */
static inline void lqf_lane_pair_counts_LANES_WORDS(const uint32_t *window, const uint32_t *other,
                                                    const uint32_t *weights, uint32_t *counts, uint32_t *others)
{
#if defined(__AVX512VPOPCNTDQ__) || defined(__clang__)
    uint32_t w, f;
    for (f = 0u; f < LANESu; ++f) {
        counts[f] = 0u;
        others[f] = 0u;
    }
    for (w = 0u; w < WORDSu; ++w) {
        for (f = 0u; f < LANESu; ++f) {
            counts[f] += (uint32_t)__builtin_popcount(window[w] ^ weights[f]);
            others[f] += (uint32_t)__builtin_popcount(other[w] ^ weights[f]);
        }
        weights += LANES;
    }
#else
    lqf_lane_counts_LANES_WORDS(window, 0, weights, counts);
    lqf_lane_counts_LANES_WORDS(other, 0, weights, others);
#endif
}
