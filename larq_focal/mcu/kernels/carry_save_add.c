/* Adds the bits y and z to a plane, which holds one bit of each of 32 counts; the carry goes to the next plane. */
#define lqf_carry_save_add(plane, y, z, carry)        \
    do {                                              \
        const uint32_t differ = (y) ^ (z);            \
        (carry) = (((plane) ^ (y)) & differ) ^ (y);   \
        (plane) ^= differ;                            \
    } while (0)
