/* The start of a RISC-V, and its counter of instructions. */
#include "machine.h"

extern uint32_t bss_begin[], bss_end[];
int main(void);

static const uint32_t instructions_of_counting = 5u; /* by a loop of known length */

uint32_t machine_call(uint32_t operation, const void *argument)
{
    register uint32_t a0 __asm__("a0") = operation;
    register const void *a1 __asm__("a1") = argument;
    __asm__ volatile(".option push\n.option norvc\n.balign 16\n"
                     "slli x0, x0, 0x1f\nebreak\nsrai x0, x0, 7\n.option pop"
                     : "+r"(a0)
                     : "r"(a1)
                     : "memory");
    return a0;
}

uint32_t machine_instructions(void)
{
    uint32_t count;
    __asm__ volatile(".option push\n.option arch, +zicsr\ncsrr %0, minstret\n.option pop" : "=r"(count));
    return count;
}

uint32_t machine_instructions_since(uint32_t before)
{
    return machine_instructions() - before - instructions_of_counting;
}

__attribute__((used)) void machine_main(void)
{
    uint32_t *to;
    for (to = bss_begin; to < bss_end; ++to) {
        *to = 0u;
    }
    machine_exit(main());
}

__asm__(".section .start\nla sp, stack_top\nj machine_main\n.text");
