/* The sums of one window of numbers with each filter of signs, in words of bits: added, or subtracted at set bits. */
static void lqf_signed_WINDOW_sums(const WINDOW_TYPE *window, const uint32_t *weights, uint32_t fan_in,
                                   uint32_t words, uint32_t filters, SUM_TYPE *sums)
{
    uint32_t f, i;
    for (f = 0u; f < filters; ++f) {
        SUM_TYPE sum = 0;
        for (i = 0u; i < fan_in; ++i) {
            if (lqf_bit(weights, i) != 0u) {
                sum -= window[i];
            } else {
                sum += window[i];
            }
        }
        weights += words;
        sums[f] = sum;
    }
}
