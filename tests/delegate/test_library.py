"""The compiled library: what it shows to others, and what it takes the processor for."""

from __future__ import annotations

import platform
from pathlib import Path

import pytest
from elftools.elf.elffile import ELFFile

from larq_focal import delegate

EXPORTS = {"tflite_plugin_create_delegate", "tflite_plugin_destroy_delegate", "larq_focal_kernels"}
X86_KERNELS = {  # the flags of /proc/cpuinfo that each needs, best first
    "avx512": {"avx512f", "avx512bw", "avx512dq", "avx512vl", "avx512_vpopcntdq"},
    "avx2": {"avx2"},
}


def test_it_shows_its_interface_and_nothing_else():
    """Parts of the C++ library in it would stand in for those of LiteRT, or the other way round."""
    with delegate.library_path().open("rb") as file:
        symbols = ELFFile(file).get_section_by_name(".dynsym").iter_symbols()
        defined = {symbol.name for symbol in symbols if symbol["st_shndx"] != "SHN_UNDEF"}
    assert defined == EXPORTS


@pytest.mark.skipif(platform.machine() != "x86_64", reason="about the vector instructions of x86-64")
def test_kernels_are_those_whose_instructions_the_system_names():
    line = next(line for line in Path("/proc/cpuinfo").read_text().splitlines() if line.startswith("flags"))
    flags = set(line.partition(":")[2].split())
    vectors = [kernel for kernel, needed in X86_KERNELS.items() if needed <= flags]
    assert delegate.kernels() == (*vectors, "portable", "reference")
