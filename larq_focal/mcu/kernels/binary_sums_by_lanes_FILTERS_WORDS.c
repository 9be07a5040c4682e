/* The sums of products of one window of signs with each filter of signs; fan_in is the number of products.

   weights: for each LANES filters and each word of the window, a word of each filter. */
static void lqf_binary_sums_by_lanes_FILTERS_WORDS(const uint32_t *window, const uint32_t *weights, uint32_t fan_in,
                                                   uint32_t words, uint32_t filters, int32_t *sums)
{
    lqf_masked_binary_sums_by_lanes_FILTERS_WORDS(window, 0, weights, fan_in, words, filters, sums);
}
