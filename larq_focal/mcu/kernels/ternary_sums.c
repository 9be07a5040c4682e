/* The sums of products of one window of signs with each filter of -1, 0 and +1: words of signs, then words with the
   bits of weights that are not 0. */
static void lqf_ternary_sums(const uint32_t *window, const uint32_t *weights, uint32_t words, uint32_t filters,
                             int32_t *sums)
{
    uint32_t f, w;
    for (f = 0u; f < filters; ++f) {
        const uint32_t *used = weights + words;
        uint32_t products = 0u, differing = 0u;
        for (w = 0u; w < words; ++w) {
            products += lqf_popcount(used[w]);
            differing += lqf_popcount((window[w] ^ weights[w]) & used[w]);
        }
        weights = used + words;
        sums[f] = (int32_t)products - (int32_t)(2u * differing);
    }
}
