/* The first or the second number of a pair, which is the first plus 65,536 times the second. */
static inline int32_t lqf_half(int32_t pair, uint32_t half)
{
    const int32_t first = (int16_t)pair;
    return (half == 0u) ? first : ((pair - first) >> 16);
}
