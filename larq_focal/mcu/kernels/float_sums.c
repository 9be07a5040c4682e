/* The sums of products of one window of floats with each filter of floats. */
static void lqf_float_sums(const lqf_f32 *window, const float *weights, uint32_t fan_in, uint32_t filters, lqf_f32 *sums)
{
    uint32_t f, i;
    for (f = 0u; f < filters; ++f) {
        float sum = 0.0f;
        for (i = 0u; i < fan_in; ++i) {
            sum += window[i] * weights[i];
        }
        weights += fan_in;
        sums[f] = sum;
    }
}
