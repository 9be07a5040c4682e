/* As lqf_masked_binary_sums, for FILTERS filters and WORDS words; a mask of 0 has all bits.

   weights: for each LANES filters and each word of the window, a word of each filter. */
static inline void lqf_masked_binary_sums_by_lanes_FILTERS_WORDS(const uint32_t *window, const uint32_t *mask,
                                                                 const uint32_t *weights, uint32_t fan_in,
                                                                 uint32_t words, uint32_t filters, int32_t *sums)
{
    uint32_t first, f;
    (void)words;
    (void)filters;
    for (first = 0u; first < FILTERSu; first += LANESu) {
        uint32_t counts[LANES];
        lqf_lane_counts_LANES_WORDS(window, mask, weights, counts);
        for (f = 0u; f < LANESu && first + f < FILTERSu; ++f) {
            sums[first + f] = (int32_t)fan_in - (int32_t)(2u * counts[f]);
        }
        weights += WORDS * LANES;
    }
}
