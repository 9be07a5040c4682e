/* The window of bits at (y, x), for channels in whole words. */
static uint32_t lqf_word_window(const lqf_geometry *g, const uint32_t *image, int32_t y, int32_t x, uint32_t channel,
                                uint32_t fill, uint32_t *window)
{
    const uint32_t words = g->depth >> 5u, step = g->channels >> 5u;
    uint32_t inside = 0u, w;
    int32_t r, k, row = y * g->row_step - g->above;
    for (r = 0; r < g->rows; ++r) {
        int32_t column = x * g->column_step - g->left;
        const int is_row = row >= 0 && row < g->height;
        const uint32_t *line = image + (channel >> 5u);
        if (is_row) {
            line += (uint32_t)(row * g->width) * step;
        }
        for (k = 0; k < g->columns; ++k) {
            if (is_row && column >= 0 && column < g->width) {
                const uint32_t *pixel = line + (uint32_t)column * step;
                for (w = 0u; w < words; ++w) {
                    window[w] = pixel[w];
                }
                ++inside;
            } else {
                for (w = 0u; w < words; ++w) {
                    window[w] = fill;
                }
            }
            window += words;
            column += g->column_dilation;
        }
        row += g->row_dilation;
    }
    return inside;
}
