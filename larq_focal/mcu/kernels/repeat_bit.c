/* Appends count times the bit that value holds in all its bits: 0 or 0xffffffff. */
static void lqf_repeat_bit(lqf_bits *bits, uint32_t value, uint32_t count)
{
    while (count > 32u) {
        lqf_put_bits(bits, value, 32u);
        count -= 32u;
    }
    lqf_put_bits(bits, (count == 32u) ? value : (value & ((1u << count) - 1u)), count);
}
