/* The start of a Cortex-M, and its SysTick, which counts emulated time: 1 ns an instruction, 40 ns a tick. */
#include "machine.h"

#define SYSTICK ((volatile uint32_t *)0xe000e010u)
#define COPROCESSORS ((volatile uint32_t *)0xe000ed88u)

enum { CONTROL, RELOAD, CURRENT };

extern uint32_t stack_top[], data_from[], data_begin[], data_end[], bss_begin[], bss_end[];
int main(void);

static const uint32_t most_ticks = 0xffffffu, instructions_a_tick = 40u;

uint32_t machine_call(uint32_t operation, const void *argument)
{
    register uint32_t r0 __asm__("r0") = operation;
    register const void *r1 __asm__("r1") = argument;
    __asm__ volatile("bkpt 0xab" : "+r"(r0) : "r"(r1) : "memory");
    return r0;
}

uint32_t machine_instructions(void)
{
    return (most_ticks - SYSTICK[CURRENT]) * instructions_a_tick;
}

uint32_t machine_instructions_since(uint32_t before)
{
    return (machine_instructions() / instructions_a_tick - before / instructions_a_tick) % (most_ticks + 1u) *
           instructions_a_tick;
}

static void start(void)
{
    const uint32_t *from = data_from;
    uint32_t *to;
    for (to = data_begin; to < data_end; ++to) {
        *to = *from++;
    }
    for (to = bss_begin; to < bss_end; ++to) {
        *to = 0u;
    }
    *COPROCESSORS |= 0xfu << 20u; /* floats, where there is a unit for them */
    __asm__ volatile("dsb\nisb");
    SYSTICK[RELOAD] = most_ticks;
    SYSTICK[CURRENT] = 0u;
    SYSTICK[CONTROL] = 5u; /* on, by the processor's clock */
    while (SYSTICK[CURRENT] == 0u) {
    }
    machine_exit(main());
}

static void fault(void)
{
    machine_print("fault\n");
    machine_exit(99);
}

__attribute__((section(".start"), used)) static void (*const vectors[7])(void) = {
    (void (*)(void))stack_top, start, fault, fault, fault, fault, fault};
