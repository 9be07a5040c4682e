/* How many bits of two rows differ. */
static uint32_t lqf_differing_bits(const uint32_t *row, const uint32_t *other, uint32_t words)
{
    uint32_t count = 0u;
    for (; words >= 3u; words -= 3u) {
        count += lqf_popcount_of_three(row[0] ^ other[0], row[1] ^ other[1], row[2] ^ other[2]);
        row += 3;
        other += 3;
    }
    for (; words != 0u; --words) {
        count += lqf_popcount(*row++ ^ *other++);
    }
    return count;
}
