/* The window at (y, x) of an image of numbers; outside of the image stands fill. */
static void lqf_WINDOW_window_of_IMAGE(const lqf_geometry *g, const IMAGE_TYPE *image, int32_t y, int32_t x,
                                       uint32_t channel, WINDOW_TYPE fill, WINDOW_TYPE *window)
{
    int32_t r, k;
    uint32_t c;
    for (r = 0; r < g->rows; ++r) {
        const int32_t row = y * g->row_step - g->above + r * g->row_dilation;
        for (k = 0; k < g->columns; ++k) {
            const int32_t column = x * g->column_step - g->left + k * g->column_dilation;
            if (row >= 0 && row < g->height && column >= 0 && column < g->width) {
                const uint32_t first = (uint32_t)(row * g->width + column) * g->channels + channel;
                for (c = 0u; c < g->depth; ++c) {
                    window[c] = (WINDOW_TYPE)ELEMENT(first + c);
                }
            } else {
                for (c = 0u; c < g->depth; ++c) {
                    window[c] = fill;
                }
            }
            window += g->depth;
        }
    }
}
