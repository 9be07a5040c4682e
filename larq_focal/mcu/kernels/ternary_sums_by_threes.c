/* The sums of products of one window of signs with each filter of -1, 0 and +1, three words at a time: words of signs,
   then words with the bits of weights that are not 0. */
static void lqf_ternary_sums_by_threes(const uint32_t *window, const uint32_t *weights, uint32_t words,
                                       uint32_t filters, int32_t *sums)
{
    uint32_t f, left;
    for (f = 0u; f < filters; ++f) {
        const uint32_t *input = window, *used = weights + words;
        uint32_t products = 0u, differing = 0u;
        for (left = words; left >= 3u; left -= 3u) {
            const uint32_t a = used[0], b = used[1], c = used[2];
            products += lqf_popcount_of_three(a, b, c);
            differing += lqf_popcount_of_three((input[0] ^ weights[0]) & a, (input[1] ^ weights[1]) & b,
                                               (input[2] ^ weights[2]) & c);
            input += 3;
            weights += 3;
            used += 3;
        }
        for (; left != 0u; --left) {
            const uint32_t a = *used++;
            products += lqf_popcount(a);
            differing += lqf_popcount((*input++ ^ *weights++) & a);
        }
        weights = used;
        sums[f] = (int32_t)products - (int32_t)(2u * differing);
    }
}
