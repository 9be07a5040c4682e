/* Bit i: 1 for -1, 0 for +1. */
static uint32_t lqf_bit(const uint32_t *words, uint32_t i)
{
    return (words[i >> 5u] >> (i & 31u)) & 1u;
}
