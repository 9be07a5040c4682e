// Which vector instructions this processor has and its operating system lets it use, by CPUID.
//
// The compiler's own question, __builtin_cpu_supports, goes to its run-time library; Zig's answers no to everything.
#pragma once

#include <cpuid.h>

namespace larq_focal {

struct X86Processor {
  bool has_avx2 = false;
  bool has_avx512 = false;  // with the parts F, BW, DQ, VL, VBMI, VNNI and VPOPCNTDQ

  X86Processor() {
    constexpr unsigned kSavesRegisters = 1u << 27;                           // leaf 1, ECX: OSXSAVE
    constexpr unsigned kAvx2 = 1u << 5;                                      // leaf 7, EBX
    constexpr unsigned kAvx512 = 1u << 16 | 1u << 17 | 1u << 30 | 1u << 31;  // leaf 7, EBX: F, DQ, BW, VL
    constexpr unsigned kAvx512Parts = 1u << 1 | 1u << 11 | 1u << 14;         // leaf 7, ECX: VBMI, VNNI, VPOPCNTDQ
    constexpr unsigned k256Bits = 0x06, k512Bits = 0xe6;                     // XCR0: the registers that are saved
    unsigned eax, ebx, ecx, edx;
    if (!__get_cpuid(1, &eax, &ebx, &ecx, &edx) || !(ecx & kSavesRegisters)) return;
    const unsigned saved = saved_registers();
    if (!__get_cpuid_count(7, 0, &eax, &ebx, &ecx, &edx)) return;
    has_avx2 = (saved & k256Bits) == k256Bits && (ebx & kAvx2);
    has_avx512 = (saved & k512Bits) == k512Bits && (ebx & kAvx512) == kAvx512 && (ecx & kAvx512Parts) == kAvx512Parts;
  }

 private:
  static unsigned saved_registers() {
    unsigned low, high;
    asm("xgetbv" : "=a"(low), "=d"(high) : "c"(0));
    return low;
  }
};

}  // namespace larq_focal
