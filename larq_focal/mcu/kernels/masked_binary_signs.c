/* As lqf_binary_signs, with products only where mask has its bits; missing is the number of the others. */
static void lqf_masked_binary_signs(const uint32_t *window, const uint32_t *mask, const uint32_t *weights,
                                    const int16_t *limits, uint32_t missing, uint32_t words, uint32_t filters,
                                    lqf_bits *signs)
{
    uint32_t f, w;
    for (f = 0u; f < filters; ++f) {
        uint32_t differing = 0u;
        for (w = 0u; w < words; ++w) {
            differing += lqf_popcount((window[w] ^ weights[w]) & mask[w]);
        }
        weights += words;
        lqf_put_bit(signs, ((int32_t)(2u * differing + missing) > limits[f]) ? 1u : 0u);
    }
}
