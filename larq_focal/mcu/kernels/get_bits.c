/* count (1 to 32) bits from number first on, in the low bits of a word. */
static uint32_t lqf_get_bits(const uint32_t *words, uint32_t first, uint32_t count)
{
    const uint32_t *word = words + (first >> 5u);
    const uint32_t shift = first & 31u;
    uint32_t value = word[0] >> shift;
    if (shift + count > 32u) {
        value |= word[1] << (32u - shift);
    }
    return (count == 32u) ? value : (value & ((1u << count) - 1u));
}
