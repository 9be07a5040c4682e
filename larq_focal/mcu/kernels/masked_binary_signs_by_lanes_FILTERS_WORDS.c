/* As lqf_masked_binary_signs, for FILTERS filters and WORDS words; a mask of 0 has all bits.

   weights: for each LANES filters and each word of the window, a word of each filter.
   limits: of each filter, in whole LANES filters. */
static inline void lqf_masked_binary_signs_by_lanes_FILTERS_WORDS(const uint32_t *window, const uint32_t *mask,
                                                                  const uint32_t *weights, const int16_t *limits,
                                                                  uint32_t missing, uint32_t words, uint32_t filters,
                                                                  lqf_bits *signs)
{
    uint32_t first;
    (void)words;
    (void)filters;
    for (first = 0u; first < FILTERSu; first += LANESu) {
        uint32_t counts[LANES];
        lqf_lane_counts_LANES_WORDS(window, mask, weights, counts);
        lqf_put_lane_signs_LANES_FILTERS(counts, limits, (int32_t)missing, first, signs);
        weights += WORDS * LANES;
        limits += LANES;
    }
}
