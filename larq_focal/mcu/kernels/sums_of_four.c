/* All sums of four numbers that are added or subtracted: bit k of the place says that number k is subtracted. Where
   fewer than four are left, the others are 0. */
static void lqf_sums_of_four(const lqf_i16 *numbers, uint32_t left, int16_t *sums)
{
    const int32_t a = (left > 0u) ? numbers[0] : 0, b = (left > 1u) ? numbers[1] : 0;
    const int32_t c = (left > 2u) ? numbers[2] : 0, d = (left > 3u) ? numbers[3] : 0;
    const int32_t both = a + b, differ = b - a, low = c + d, high = d - c;
    sums[0] = (int16_t)(low + both);
    sums[1] = (int16_t)(low + differ);
    sums[2] = (int16_t)(low - differ);
    sums[3] = (int16_t)(low - both);
    sums[4] = (int16_t)(high + both);
    sums[5] = (int16_t)(high + differ);
    sums[6] = (int16_t)(high - differ);
    sums[7] = (int16_t)(high - both);
    sums[8] = (int16_t)(both - high);
    sums[9] = (int16_t)(differ - high);
    sums[10] = (int16_t)(-differ - high);
    sums[11] = (int16_t)(-both - high);
    sums[12] = (int16_t)(both - low);
    sums[13] = (int16_t)(differ - low);
    sums[14] = (int16_t)(-differ - low);
    sums[15] = (int16_t)(-both - low);
}
