/* The window at (y, x) of an image of numbers; outside of the image stands fill. */
static void lqf_WINDOW_window_of_IMAGE(const lqf_geometry *g, const IMAGE_TYPE *image, int32_t y, int32_t x,
                                       uint32_t channel, WINDOW_TYPE fill, WINDOW_TYPE *window)
{
    const int32_t left = x * g->column_step - g->left;
    const uint32_t line = (uint32_t)g->width * g->channels, step = (uint32_t)g->column_dilation * g->channels;
    int32_t r, k, row = y * g->row_step - g->above;
    uint32_t c, first = (uint32_t)(row * g->width + left) * g->channels + channel; /* modulo 2^32 where outside */
    for (r = 0; r < g->rows; ++r) {
        const int is_row = row >= 0 && row < g->height;
        int32_t column = left;
        uint32_t pixel = first;
        for (k = 0; k < g->columns; ++k) {
            if (is_row && column >= 0 && column < g->width) {
                for (c = 0u; c < g->depth; ++c) {
                    window[c] = (WINDOW_TYPE)ELEMENT(pixel + c);
                }
            } else {
                for (c = 0u; c < g->depth; ++c) {
                    window[c] = fill;
                }
            }
            window += g->depth;
            column += g->column_dilation;
            pixel += step;
        }
        row += g->row_dilation;
        first += (uint32_t)g->row_dilation * line;
    }
}
