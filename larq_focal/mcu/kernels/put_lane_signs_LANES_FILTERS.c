/* Appends the signs of LANES of FILTERS filters, from number first on: -1 where 2 * counts > limits - missing. */
static inline void lqf_put_lane_signs_LANES_FILTERS(const uint32_t *counts, const int16_t *limits, int32_t missing,
                                                    uint32_t first, lqf_bits *signs)
{
    uint32_t part, f;
    for (part = 0u; part < LANESu; part += PARTu) {
        uint32_t bits = 0u;
        for (f = 0u; f < PARTu; ++f) {
            bits |= (((int32_t)(2u * counts[part + f]) > limits[part + f] - missing) ? 1u : 0u) << f;
        }
        if (first + part < FILTERSu) {
            const uint32_t left = FILTERSu - first - part, count = (left < PARTu) ? left : PARTu;
            if (FILTERSu % 32u == 0u) { /* whole words, so no bits are pending */
                *signs->word = bits;
                signs->word += 1;
            } else {
                lqf_put_bits(signs, bits & (0xffffffffu >> (32u - count)), count);
            }
        }
    }
}
