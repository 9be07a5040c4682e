/* A row of bits like the window at (y, x), set where that is inside of the image. */
static void lqf_window_mask(const lqf_geometry *g, int32_t y, int32_t x, uint32_t *mask)
{
    lqf_bits bits = {mask, 0u, 0u};
    int32_t r, k;
    for (r = 0; r < g->rows; ++r) {
        const int32_t row = y * g->row_step - g->above + r * g->row_dilation;
        for (k = 0; k < g->columns; ++k) {
            const int32_t column = x * g->column_step - g->left + k * g->column_dilation;
            const int is_inside = row >= 0 && row < g->height && column >= 0 && column < g->width;
            lqf_repeat_bit(&bits, is_inside ? 0xffffffffu : 0u, g->depth);
        }
    }
    lqf_end_bits(&bits);
}
