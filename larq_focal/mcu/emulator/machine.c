#include "machine.h"

enum { WRITE0 = 0x04, EXIT_EXTENDED = 0x20, APPLICATION_EXIT = 0x20026 };

void machine_print(const char *text)
{
    machine_call(WRITE0, text);
}

void machine_print_number(int32_t number)
{
    char text[13];
    char *first = text + sizeof text - 1;
    uint32_t rest = (number < 0) ? (0u - (uint32_t)number) : (uint32_t)number;
    *first = '\0';
    *--first = ' ';
    do {
        *--first = (char)('0' + (int)(rest % 10u));
        rest /= 10u;
    } while (rest != 0u);
    if (number < 0) {
        *--first = '-';
    }
    machine_print(first);
}

void machine_exit(int status)
{
    const uint32_t block[2] = {APPLICATION_EXIT, (uint32_t)status};
    machine_call(EXIT_EXTENDED, block);
    for (;;) {
    }
}

/* gcc calls these for large assignments; there is no C library. */
void *memcpy(void *to, const void *from, __SIZE_TYPE__ count)
{
    unsigned char *t = to;
    const unsigned char *f = from;
    while (count-- != 0u) {
        *t++ = *f++;
    }
    return to;
}

void *memset(void *to, int value, __SIZE_TYPE__ count)
{
    unsigned char *t = to;
    while (count-- != 0u) {
        *t++ = (unsigned char)value;
    }
    return to;
}
