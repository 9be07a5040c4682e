/* The window at (y, x) of an image of signs as a row of bits; outside of the image stands fill (0 or 0xffffffff).
   Returns how many pixels of the window are inside. */
static uint32_t lqf_bit_window(const lqf_geometry *g, const uint32_t *image, int32_t y, int32_t x, uint32_t channel,
                               uint32_t fill, uint32_t *window)
{
    lqf_bits bits = {window, 0u, 0u};
    uint32_t inside = 0u;
    int32_t r, k;
    for (r = 0; r < g->rows; ++r) {
        const int32_t row = y * g->row_step - g->above + r * g->row_dilation;
        for (k = 0; k < g->columns; ++k) {
            const int32_t column = x * g->column_step - g->left + k * g->column_dilation;
            if (row >= 0 && row < g->height && column >= 0 && column < g->width) {
                const uint32_t pixel = (uint32_t)(row * g->width + column);
                lqf_append_bits(&bits, image, pixel * g->channels + channel, g->depth);
                ++inside;
            } else {
                lqf_repeat_bit(&bits, fill, g->depth);
            }
        }
    }
    lqf_end_bits(&bits);
    return inside;
}
