/* The signs of the sums of two windows with each filter: those of the first, then, if pixels is 2, those of the second.
   FILTERS are whole words.

   window: the first one, and stride words behind its beginning the second. */
static void lqf_binary_pair_signs_by_lanes_FILTERS_WORDS(const uint32_t *window, uint32_t stride,
                                                         const uint32_t *weights, const int16_t *limits,
                                                         uint32_t words, uint32_t filters, uint32_t pixels,
                                                         lqf_bits *signs)
{
    lqf_bits first = *signs, second = {signs->word + FILTERS / 32, 0u, 0u};
    uint32_t f;
    (void)words;
    (void)filters;
    for (f = 0u; f < FILTERSu; f += LANESu) {
        uint32_t counts[LANES], others[LANES];
        lqf_lane_pair_counts_LANES_WORDS(window, window + stride, weights, counts, others);
        lqf_put_lane_signs_LANES_FILTERS(counts, limits, 0, f, &first);
        if (pixels > 1u) {
            lqf_put_lane_signs_LANES_FILTERS(others, limits, 0, f, &second);
        }
        weights += WORDS * LANES;
        limits += LANES;
    }
    signs->word = (pixels > 1u) ? second.word : first.word;
}
