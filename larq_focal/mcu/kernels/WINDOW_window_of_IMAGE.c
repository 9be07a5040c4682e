/* The window at (y, x) of an image of numbers; outside of the image stands fill. */
static void lqf_WINDOW_window_of_IMAGE(const lqf_geometry *g, const IMAGE_TYPE *image, int32_t y, int32_t x,
                                       uint32_t channel, WINDOW_TYPE fill, WINDOW_TYPE *window)
{
    const int32_t left = x * g->column_step - g->left, right = left + (g->columns - 1) * g->column_dilation;
    const uint32_t line = (uint32_t)g->width * g->channels, step = (uint32_t)g->column_dilation * g->channels;
    const int is_whole = left >= 0 && right < g->width && step == g->depth; /* pixels side by side */
    const int32_t parts = is_whole ? 1 : g->columns;
    const uint32_t count = is_whole ? ((uint32_t)g->columns * g->depth) : g->depth;
    int32_t r, k, row = y * g->row_step - g->above;
    uint32_t c, first = (uint32_t)(row * g->width + left) * g->channels + channel; /* modulo 2^32 where outside */
    for (r = 0; r < g->rows; ++r) {
        const int is_row = row >= 0 && row < g->height;
        int32_t column = left;
        uint32_t pixel = first;
        for (k = 0; k < parts; ++k) {
            if (is_row && column >= 0 && column < g->width) {
                for (c = 0u; c < count; ++c) {
                    window[c] = (WINDOW_TYPE)ELEMENT(pixel + c);
                }
            } else {
                for (c = 0u; c < count; ++c) {
                    window[c] = fill;
                }
            }
            window += count;
            column += g->column_dilation;
            pixel += step;
        }
        row += g->row_dilation;
        first += (uint32_t)g->row_dilation * line;
    }
}
