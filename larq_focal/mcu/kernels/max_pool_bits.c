/* Max-pooling of an image of signs: -1 where all signs of a window are. Pixels outside of the image do not count. */
static void lqf_max_pool_bits(const lqf_geometry *g, int32_t height, int32_t width, const uint32_t *image,
                              lqf_bits *out)
{
    int32_t y, x, r, k;
    uint32_t c;
    for (y = 0; y < height; ++y) {
        for (x = 0; x < width; ++x) {
            for (c = 0u; c < g->channels; c += 32u) {
                const uint32_t count = (g->channels - c < 32u) ? (g->channels - c) : 32u;
                uint32_t all = (count == 32u) ? 0xffffffffu : ((1u << count) - 1u);
                for (r = 0; r < g->rows; ++r) {
                    const int32_t row = y * g->row_step - g->above + r;
                    for (k = 0; k < g->columns; ++k) {
                        const int32_t column = x * g->column_step - g->left + k;
                        if (row >= 0 && row < g->height && column >= 0 && column < g->width) {
                            const uint32_t pixel = (uint32_t)(row * g->width + column);
                            all &= lqf_get_bits(image, pixel * g->channels + c, count);
                        }
                    }
                }
                lqf_put_bits(out, all, count);
            }
        }
    }
}
