/* How many bits of three words are set: sums and carries of their bits (Harley and Seal; see Warren, "Hacker's Delight",
   5-1) are counted together, in 23 operations; three single words take 35. */
static inline uint32_t lqf_popcount_of_three(uint32_t a, uint32_t b, uint32_t c)
{
    const uint32_t sum = a ^ b ^ c, carry = (a & b) | ((a ^ b) & c);
    const uint32_t moved = (sum ^ (carry << 1u)) & 0xaaaaaaaau;
    const uint32_t even = sum ^ moved, odd = carry ^ (moved >> 1u); /* numbers of two bits: up to 3 */
    uint32_t count = (even & 0x33333333u) + ((even >> 2u) & 0x33333333u);
    count += (odd & 0x33333333u) + ((odd >> 2u) & 0x33333333u);
    count = (count & 0x0f0f0f0fu) + ((count >> 4u) & 0x0f0f0f0fu);
    return (count * 0x01010101u) >> 24u;
}
