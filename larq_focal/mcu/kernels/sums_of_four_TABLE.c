/* All sums of four numbers that are added or subtracted: bit k of the place says that number k is subtracted. */
static void lqf_sums_of_four_TABLE(int32_t a, int32_t b, int32_t c, int32_t d, TABLE_TYPE *sums)
{
    const int32_t both = a + b, differ = b - a, low = c + d, high = d - c;
    sums[0] = (TABLE_TYPE)(low + both);
    sums[1] = (TABLE_TYPE)(low + differ);
    sums[2] = (TABLE_TYPE)(low - differ);
    sums[3] = (TABLE_TYPE)(low - both);
    sums[4] = (TABLE_TYPE)(high + both);
    sums[5] = (TABLE_TYPE)(high + differ);
    sums[6] = (TABLE_TYPE)(high - differ);
    sums[7] = (TABLE_TYPE)(high - both);
    sums[8] = (TABLE_TYPE)(both - high);
    sums[9] = (TABLE_TYPE)(differ - high);
    sums[10] = (TABLE_TYPE)(-differ - high);
    sums[11] = (TABLE_TYPE)(-both - high);
    sums[12] = (TABLE_TYPE)(both - low);
    sums[13] = (TABLE_TYPE)(differ - low);
    sums[14] = (TABLE_TYPE)(-differ - low);
    sums[15] = (TABLE_TYPE)(-both - low);
}
