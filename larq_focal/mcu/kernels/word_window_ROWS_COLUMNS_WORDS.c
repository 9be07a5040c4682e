/* As lqf_word_window, for ROWS by COLUMNS pixels with WORDS words of channels each. */
static uint32_t lqf_word_window_ROWS_COLUMNS_WORDS(const lqf_geometry *g, const uint32_t *image, int32_t y, int32_t x,
                                                   uint32_t channel, uint32_t fill, uint32_t *window)
{
    const uint32_t step = g->channels >> 5u;
    const int32_t left = x * g->column_step - g->left, right = left + (COLUMNS - 1) * g->column_dilation;
    const int is_whole = left >= 0 && right < g->width && step * (uint32_t)g->column_dilation == WORDSu;
    uint32_t inside = 0u, w;
    int32_t r, k, row = y * g->row_step - g->above;
    image += channel >> 5u;
    for (r = 0; r < ROWS; ++r) {
        const int is_row = row >= 0 && row < g->height;
        if (is_row && is_whole) { /* pixels side by side */
            const uint32_t *line = image + (uint32_t)(row * g->width + left) * step;
            for (w = 0u; w < COLUMNSu * WORDSu; ++w) {
                window[w] = line[w];
            }
            inside += COLUMNSu;
        } else {
            for (k = 0; k < COLUMNS; ++k) {
                const int32_t column = left + k * g->column_dilation;
                const int is_inside = is_row && column >= 0 && column < g->width;
                const uint32_t *pixel = image + (is_inside ? (uint32_t)(row * g->width + column) * step : 0u);
                for (w = 0u; w < WORDSu; ++w) {
                    window[(uint32_t)k * WORDSu + w] = is_inside ? pixel[w] : fill;
                }
                inside += is_inside ? 1u : 0u;
            }
        }
        window += COLUMNSu * WORDSu;
        row += g->row_dilation;
    }
    return inside;
}
