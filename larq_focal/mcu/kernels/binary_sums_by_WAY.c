/* The sums of products of one window of signs with each filter of signs. */
static void lqf_binary_sums_by_WAY(const uint32_t *window, const uint32_t *weights, uint32_t fan_in, uint32_t words,
                                   uint32_t filters, int32_t *sums)
{
    uint32_t f;
    for (f = 0u; f < filters; ++f) {
        sums[f] = (int32_t)fan_in - (int32_t)(2u * lqf_DIFFERING(window, weights, words));
        weights += words;
    }
}
