/* Two numbers as one, from which lqf_half takes them again. */
#define LQF_PAIR(k) (x[k] + 65536 * y[k])
/* The sums of two windows of signed 8-bit numbers at once: that of the first plus 65,536 times that of the second, which
   must fit into 16 bits each. The 16 sums that four numbers can have stand in a table for all filters.

   window: the first one, and stride numbers behind its beginning the second. */
static void lqf_signed_pair_sums_by_fours(const int8_t *window, uint32_t stride, const uint32_t *weights,
                                          uint32_t fan_in, uint32_t words, uint32_t filters, int32_t *sums)
{
    int32_t tables[4][16]; /* bit k of the place: number k is subtracted */
    const int32_t *a = tables[0], *b = tables[1], *c = tables[2], *d = tables[3];
    uint32_t first, f, n;
    lqf_opaque(a);
    lqf_opaque(b);
    lqf_opaque(c);
    lqf_opaque(d);
    for (f = 0u; f < filters; ++f) {
        sums[f] = 0;
    }
    for (first = 0u; first < fan_in; first += 16u) {
        const uint32_t *word = weights + (first >> 5u);
        const uint32_t shift = first & 31u, left = fan_in - first;
        const int8_t *x = window + first, *y = x + stride;
        for (n = 0u; n < 4u && 4u * n + 4u <= left; ++n) {
            lqf_sums_of_four_TABLE(LQF_PAIR(0), LQF_PAIR(1), LQF_PAIR(2), LQF_PAIR(3), tables[n]);
            x += 4;
            y += 4;
        }
        if (n < 4u && 4u * n < left) {
            const uint32_t rest = left - 4u * n;
            lqf_sums_of_four_TABLE(LQF_PAIR(0), (rest > 1u) ? LQF_PAIR(1) : 0, (rest > 2u) ? LQF_PAIR(2) : 0, 0,
                                   tables[n]);
            ++n;
        }
        for (; n < 4u; ++n) {
            tables[n][0] = 0; /* bits behind the last weight are 0 */
        }
        for (f = 0u; f < filters; ++f) {
            const uint32_t w = *word >> shift;
            sums[f] += a[w & 15u] + b[(w >> 4u) & 15u] + c[(w >> 8u) & 15u] + d[(w >> 12u) & 15u];
            word += words;
        }
    }
}
