/* The window at (y, x) of an image of signs as a row of bits; outside of the image stands fill (0 or 0xffffffff).
   Returns how many pixels of the window are inside. */
static uint32_t lqf_bit_window(const lqf_geometry *g, const uint32_t *image, int32_t y, int32_t x, uint32_t channel,
                               uint32_t fill, uint32_t *window)
{
    const int32_t left = x * g->column_step - g->left;
    const uint32_t line = (uint32_t)g->width * g->channels, step = (uint32_t)g->column_dilation * g->channels;
    lqf_bits bits = {window, 0u, 0u};
    int32_t r, k, row = y * g->row_step - g->above;
    uint32_t inside = 0u;
    uint32_t first = (uint32_t)(row * g->width + left) * g->channels + channel; /* modulo 2^32 where outside */
    for (r = 0; r < g->rows; ++r) {
        const int is_row = row >= 0 && row < g->height;
        int32_t column = left;
        uint32_t pixel = first;
        for (k = 0; k < g->columns; ++k) {
            if (is_row && column >= 0 && column < g->width) {
                lqf_append_bits(&bits, image, pixel, g->depth);
                ++inside;
            } else {
                lqf_repeat_bit(&bits, fill, g->depth);
            }
            column += g->column_dilation;
            pixel += step;
        }
        row += g->row_dilation;
        first += (uint32_t)g->row_dilation * line;
    }
    lqf_end_bits(&bits);
    return inside;
}
