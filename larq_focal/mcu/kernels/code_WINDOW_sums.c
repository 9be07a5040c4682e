/* The sums of products of one window of numbers with each filter of whole codes: fields of bits (2, 4, 8 or 16) bits
   in words, least significant first, as two's complements. */
static void lqf_code_WINDOW_sums(const WINDOW_TYPE *window, const uint32_t *weights, uint32_t bits, uint32_t fan_in,
                                 uint32_t words, uint32_t filters, SUM_TYPE *sums)
{
    const uint32_t most = (1u << bits) - 1u, sign = 1u << (bits - 1u), fields = 32u / bits;
    uint32_t f, i;
    for (f = 0u; f < filters; ++f) {
        SUM_TYPE sum = 0;
        for (i = 0u; i < fan_in; ++i) {
            const uint32_t field = (weights[i / fields] >> (i % fields * bits)) & most;
            sum += (SUM_TYPE)((int32_t)(field ^ sign) - (int32_t)sign) * window[i];
        }
        weights += words;
        sums[f] = sum;
    }
}
