/* Signs in a row of bits without gaps: bit i % 32 of word i / 32, least significant first; a set bit is -1. */
typedef struct {
    uint32_t *word;   /* where the next whole word goes */
    uint32_t pending; /* bits that do not fill a word yet */
    uint32_t count;   /* how many: 0 to 31 */
} lqf_bits;
