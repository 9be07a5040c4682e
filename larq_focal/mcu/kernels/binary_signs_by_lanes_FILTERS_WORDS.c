/* The signs of the sums of one window with each filter: +1 where 2 * (bits that differ) <= limits[filter].

   weights: for each LANES filters and each word of the window, a word of each filter.
   limits: of each filter, in whole LANES filters. */
static void lqf_binary_signs_by_lanes_FILTERS_WORDS(const uint32_t *window, const uint32_t *weights,
                                                    const int16_t *limits, uint32_t words, uint32_t filters,
                                                    lqf_bits *signs)
{
    lqf_masked_binary_signs_by_lanes_FILTERS_WORDS(window, 0, weights, limits, 0u, words, filters, signs);
}
