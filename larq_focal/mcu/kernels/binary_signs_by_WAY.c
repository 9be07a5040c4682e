/* The signs of the sums of one window with each filter: +1 where 2 * (bits that differ) <= limits[filter]. */
static void lqf_binary_signs_by_WAY(const uint32_t *window, const uint32_t *weights, const int16_t *limits,
                                    uint32_t words, uint32_t filters, lqf_bits *signs)
{
    uint32_t f;
    for (f = 0u; f < filters; ++f) {
        const uint32_t differing = lqf_DIFFERING(window, weights, words);
        weights += words;
        lqf_put_bit(signs, ((int32_t)(2u * differing) > limits[f]) ? 1u : 0u);
    }
}
