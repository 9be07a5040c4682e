/* How many bits of two rows differ, by the processor's own instruction. Compilers take several words at a time. */
static uint32_t lqf_differing_bits_counted(const uint32_t *row, const uint32_t *other, uint32_t words)
{
    uint32_t count = 0u, w;
    for (w = 0u; w < words; ++w) {
        count += (uint32_t)__builtin_popcount(row[w] ^ other[w]);
    }
    return count;
}
