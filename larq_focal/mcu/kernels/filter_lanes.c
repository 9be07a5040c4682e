/* The signs of the sums of one window with 16 filters at a time, which compilers put into the lanes of a vector: +1 where
   2 * (bits that differ) <= limits[filter].

   weights: for each 16 filters and each word of the window, a word of each filter.
   limits: of each filter, in whole 16 filters. */
static void lqf_filter_lanes(const uint32_t *window, const uint32_t *weights, const int16_t *limits, uint32_t words,
                             uint32_t filters, lqf_bits *signs)
{
    uint32_t first, w, f;
    for (first = 0u; first < filters; first += 16u) {
        const uint32_t count = (filters - first < 16u) ? (filters - first) : 16u;
        uint32_t differing[16] = {0u}, bits = 0u;
        for (w = 0u; w < words; ++w) {
            for (f = 0u; f < 16u; ++f) {
                differing[f] += (uint32_t)__builtin_popcount(window[w] ^ weights[f]);
            }
            weights += 16;
        }
        for (f = 0u; f < 16u; ++f) {
            bits |= (((int32_t)(2u * differing[f]) > limits[f]) ? 1u : 0u) << f;
        }
        limits += 16;
        lqf_put_bits(signs, bits & (0xffffu >> (16u - count)), count);
    }
}
