/* The sums of signed 16-bit numbers, four products at a time: the 16 sums that four numbers can have stand in a table
   for all filters. Four numbers must fit into 16 bits together. */
static void lqf_signed_i16_sums_by_fours(const lqf_i16 *window, const uint32_t *weights, uint32_t fan_in,
                                         uint32_t words, uint32_t filters, int32_t *sums)
{
    int16_t tables[8][16]; /* bit k of the place: number k is subtracted */
    uint32_t first, f, n;
    for (f = 0u; f < filters; ++f) {
        sums[f] = 0;
    }
    for (first = 0u; first < fan_in; first += 32u) {
        const uint32_t *word = weights + (first >> 5u);
        for (n = 0u; n < 8u; ++n) {
            const uint32_t i = first + 4u * n;
            lqf_sums_of_four(window + i, (i < fan_in) ? (fan_in - i) : 0u, tables[n]);
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
