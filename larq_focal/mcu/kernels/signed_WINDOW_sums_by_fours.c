/* The sums of signed numbers, four products at a time: the 16 sums that four numbers can have stand in a table for all
   filters. Four numbers must fit into 16 bits together. */
static void lqf_signed_WINDOW_sums_by_fours(const WINDOW_TYPE *window, const uint32_t *weights, uint32_t fan_in,
                                            uint32_t words, uint32_t filters, int32_t *sums)
{
    int16_t tables[8][16]; /* bit k of the place: number k is subtracted */
    uint32_t first, f, n;
    for (f = 0u; f < filters; ++f) {
        sums[f] = 0;
    }
    for (first = 0u; first < fan_in; first += 32u) {
        const uint32_t *word = weights + (first >> 5u);
        const uint32_t left = fan_in - first;
        const WINDOW_TYPE *x = window + first;
        for (n = 0u; n < 8u && 4u * n + 4u <= left; ++n) {
            lqf_sums_of_four_TABLE(x[0], x[1], x[2], x[3], tables[n]);
            x += 4;
        }
        if (n < 8u && 4u * n < left) {
            const uint32_t rest = left - 4u * n;
            lqf_sums_of_four_TABLE(x[0], (rest > 1u) ? x[1] : 0, (rest > 2u) ? x[2] : 0, 0, tables[n]);
            ++n;
        }
        for (; n < 8u; ++n) {
            tables[n][0] = 0; /* bits behind the last weight are 0 */
        }
        for (f = 0u; f < filters; ++f) {
            const uint32_t w = *word;
            sums[f] += tables[0][w & 15u] + tables[1][(w >> 4u) & 15u] + tables[2][(w >> 8u) & 15u] +
                       tables[3][(w >> 12u) & 15u] + tables[4][(w >> 16u) & 15u] + tables[5][(w >> 20u) & 15u] +
                       tables[6][(w >> 24u) & 15u] + tables[7][w >> 28u];
            word += words;
        }
    }
}
