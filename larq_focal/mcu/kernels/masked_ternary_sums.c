/* As lqf_ternary_sums, with products only where mask has its bits. */
static void lqf_masked_ternary_sums(const uint32_t *window, const uint32_t *mask, const uint32_t *weights,
                                    uint32_t words, uint32_t filters, int32_t *sums)
{
    uint32_t f, w;
    for (f = 0u; f < filters; ++f) {
        const uint32_t *used = weights + words;
        uint32_t products = 0u, differing = 0u;
        for (w = 0u; w < words; ++w) {
            products += lqf_popcount(used[w] & mask[w]);
            differing += lqf_popcount((window[w] ^ weights[w]) & used[w] & mask[w]);
        }
        weights = used + words;
        sums[f] = (int32_t)products - (int32_t)(2u * differing);
    }
}
