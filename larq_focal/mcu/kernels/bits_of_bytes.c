/* How many bits of each byte are set, in the bytes. */
static inline uint32_t lqf_bits_of_bytes(uint32_t x)
{
    x = x - ((x >> 1u) & 0x55555555u);
    x = (x & 0x33333333u) + ((x >> 2u) & 0x33333333u);
    return (x + (x >> 4u)) & 0x0f0f0f0fu;
}
