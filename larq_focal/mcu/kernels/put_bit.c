/* Appends a bit. */
static void lqf_put_bit(lqf_bits *bits, uint32_t bit)
{
    bits->pending |= bit << bits->count;
    bits->count += 1u;
    if (bits->count == 32u) {
        *bits->word = bits->pending;
        bits->word += 1;
        bits->pending = 0u;
        bits->count = 0u;
    }
}
