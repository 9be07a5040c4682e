/* What a program on an emulated microcontroller can ask of it. */
#ifndef MACHINE_H
#define MACHINE_H

#include <stdint.h>

/* Prints text, or a number and a space, on the standard output of the emulator. */
void machine_print(const char *text);
void machine_print_number(int32_t number);

/* Instructions since the start, modulo 2^32 on RISC-V, 2^24 * 40 on Cortex-M: there in steps of 40. */
uint32_t machine_instructions(void);

/* Instructions from an earlier count of machine_instructions() until now, less those of counting. */
uint32_t machine_instructions_since(uint32_t before);

/* Ends the emulator. */
void machine_exit(int status);

/* Of the target: calls the emulator (Arm's semihosting), see
   https://github.com/ARM-software/abi-aa/blob/main/semihosting/semihosting.rst */
uint32_t machine_call(uint32_t operation, const void *argument);

#endif
