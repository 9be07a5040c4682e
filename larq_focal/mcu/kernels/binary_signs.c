/* The signs of the sums of one window with each filter: +1 where 2 * (bits that differ) <= limits[filter]. */
static void lqf_binary_signs(const uint32_t *window, const uint32_t *weights, const int16_t *limits, uint32_t words,
                             uint32_t filters, lqf_bits *signs)
{
    uint32_t f, w;
    for (f = 0u; f < filters; ++f) {
        uint32_t differing = 0u;
        for (w = 0u; w < words; ++w) {
            differing += lqf_popcount(window[w] ^ weights[w]);
        }
        weights += words;
        lqf_put_bit(signs, ((int32_t)(2u * differing) > limits[f]) ? 1u : 0u);
    }
}
