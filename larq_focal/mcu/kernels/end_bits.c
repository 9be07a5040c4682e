/* Writes the bits that are still pending; the rest of their word is 0. */
static void lqf_end_bits(const lqf_bits *bits)
{
    if (bits->count != 0u) {
        *bits->word = bits->pending;
    }
}
