/* The sums of products of one window of signs with each filter of signs; fan_in is the number of products. */
static void lqf_binary_sums(const uint32_t *window, const uint32_t *weights, uint32_t fan_in, uint32_t words,
                            uint32_t filters, int32_t *sums)
{
    uint32_t f, w;
    for (f = 0u; f < filters; ++f) {
        uint32_t differing = 0u;
        for (w = 0u; w < words; ++w) {
            differing += lqf_popcount(window[w] ^ weights[w]);
        }
        weights += words;
        sums[f] = (int32_t)fan_in - (int32_t)(2u * differing);
    }
}
