/* The window at (y, x) of an image of signs as a row of bits; outside of the image stands fill (0 or 0xffffffff). Pixels
   side by side are taken together. Returns how many pixels of the window are inside. */
static uint32_t lqf_bit_window(const lqf_geometry *g, const uint32_t *image, int32_t y, int32_t x, uint32_t channel,
                               uint32_t fill, uint32_t *window)
{
    const int is_dense = g->column_dilation == 1 && g->depth == g->channels;
    const int32_t together = is_dense ? g->columns : 1; /* pixels of a row that lie side by side */
    lqf_bits bits = {window, 0u, 0u};
    uint32_t inside = 0u;
    int32_t r, k;
    for (r = 0; r < g->rows; ++r) {
        const int32_t row = y * g->row_step - g->above + r * g->row_dilation;
        for (k = 0; k < g->columns; k += together) {
            const int32_t first = x * g->column_step - g->left + k * g->column_dilation;
            int32_t begin = (first < 0) ? 0 : first, end = first + together;
            end = (end > g->width) ? g->width : end;
            if (row < 0 || row >= g->height || begin >= end) {
                lqf_repeat_bit(&bits, fill, (uint32_t)together * g->depth);
            } else {
                const uint32_t pixel = (uint32_t)(row * g->width + begin), count = (uint32_t)(end - begin);
                if (begin > first) {
                    lqf_repeat_bit(&bits, fill, (uint32_t)(begin - first) * g->depth);
                }
                lqf_append_bits(&bits, image, pixel * g->channels + channel, count * g->depth);
                if (first + together > end) {
                    lqf_repeat_bit(&bits, fill, (uint32_t)(first + together - end) * g->depth);
                }
                inside += count;
            }
        }
    }
    lqf_end_bits(&bits);
    return inside;
}
