/* Appends count (1 to 32) bits, the low ones of value; those above them must be 0. */
static void lqf_put_bits(lqf_bits *bits, uint32_t value, uint32_t count)
{
    const uint32_t used = bits->count;
    bits->pending |= value << used;
    bits->count = used + count;
    if (bits->count >= 32u) {
        *bits->word = bits->pending;
        bits->word += 1;
        bits->count -= 32u;
        bits->pending = (used == 0u) ? 0u : (value >> (32u - used));
    }
}
