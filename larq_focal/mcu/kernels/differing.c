/* Which bits of word w of a window differ from those of a filter; all of a mask that is 0 are inside. */
static inline uint32_t lqf_differing(const uint32_t *window, const uint32_t *mask, uint32_t w, uint32_t weight)
{
    return (mask == 0) ? (window[w] ^ weight) : ((window[w] ^ weight) & mask[w]);
}
