/* How many bits of two rows differ. Three words go into sums of their bits and carries (Harley and Seal; see Warren,
   "Hacker's Delight", 5-1), which are counted together: 20 operations, where three single words take 33. */
static uint32_t lqf_differing_bits(const uint32_t *row, const uint32_t *other, uint32_t words)
{
    uint32_t count = 0u;
    for (; words >= 3u; words -= 3u) {
        const uint32_t a = row[0] ^ other[0], b = row[1] ^ other[1], c = row[2] ^ other[2];
        const uint32_t sum = a ^ b ^ c, carry = (a & b) | ((a ^ b) & c);
        const uint32_t moved = (sum ^ (carry << 1u)) & 0xaaaaaaaau;
        const uint32_t even = sum ^ moved, odd = carry ^ (moved >> 1u); /* numbers of two bits: up to 3 */
        uint32_t fours = (even & 0x33333333u) + ((even >> 2u) & 0x33333333u);
        fours += (odd & 0x33333333u) + ((odd >> 2u) & 0x33333333u);
        fours = (fours & 0x0f0f0f0fu) + ((fours >> 4u) & 0x0f0f0f0fu);
        count += (fours * 0x01010101u) >> 24u;
        row += 3;
        other += 3;
    }
    for (; words != 0u; --words) {
        count += lqf_popcount(*row++ ^ *other++);
    }
    return count;
}
