/* How many bits are set. */
static uint32_t lqf_popcount(uint32_t x)
{
    x = x - ((x >> 1u) & 0x55555555u);
    x = (x & 0x33333333u) + ((x >> 2u) & 0x33333333u);
    x = (x + (x >> 4u)) & 0x0f0f0f0fu;
    return (x * 0x01010101u) >> 24u;
}
