/* The sum of four bytes. Without a product: compilers would take it for a count of bits, which few vectors have. */
static inline uint32_t lqf_sum_of_bytes(uint32_t x)
{
    x = (x & 0x00ff00ffu) + ((x >> 8u) & 0x00ff00ffu);
    return (x + (x >> 16u)) & 0xffffu;
}
