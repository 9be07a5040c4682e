/* Appends count bits of others, from number first on. */
static void lqf_append_bits(lqf_bits *bits, const uint32_t *words, uint32_t first, uint32_t count)
{
    while (count > 32u) {
        lqf_put_bits(bits, lqf_get_bits(words, first, 32u), 32u);
        first += 32u;
        count -= 32u;
    }
    lqf_put_bits(bits, lqf_get_bits(words, first, count), count);
}
