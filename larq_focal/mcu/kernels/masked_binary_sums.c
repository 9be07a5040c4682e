/* As lqf_binary_sums, with products only where mask has its bits; fan_in is the number of these. */
static void lqf_masked_binary_sums(const uint32_t *window, const uint32_t *mask, const uint32_t *weights,
                                   uint32_t fan_in, uint32_t words, uint32_t filters, int32_t *sums)
{
    uint32_t f, w;
    for (f = 0u; f < filters; ++f) {
        uint32_t differing = 0u;
        for (w = 0u; w < words; ++w) {
            differing += lqf_popcount((window[w] ^ weights[w]) & mask[w]);
        }
        weights += words;
        sums[f] = (int32_t)fan_in - (int32_t)(2u * differing);
    }
}
