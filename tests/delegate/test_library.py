"""The compiled library: what it shows to others, and what it takes the processor for."""

from __future__ import annotations

import platform
import re
from pathlib import Path

import pytest
from elftools.elf.elffile import ELFFile

from larq_focal import delegate
from larq_focal.delegate.sources import FOLDER, compile_command, kernel_rows, source_files

EXPORTS = {
    "tflite_plugin_create_delegate",
    "tflite_plugin_destroy_delegate",
    "larq_focal_kernels",
    "LiteRtAcceleratorImpl",
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
    fitting = [row.name for row in kernel_rows() if row.architecture in (None, "x86_64") and row.flags <= flags]
    assert delegate.kernels() == tuple(fitting)


def test_the_table_of_kernels_is_read_as_the_compiler_reads_it():
    rows = {row.name: (row.architecture, row.flags) for row in kernel_rows()}
    avx512 = {f"avx512{part}" for part in ("f", "bw", "dq", "vl", "vbmi", "_vnni", "_vpopcntdq")}
    assert rows["avx512"] == ("x86_64", avx512)
    assert rows["avx2"] == ("x86_64", {"avx2"})
    assert rows["neon_dot"] == ("aarch64", {"asimddp"})
    assert list(rows)[-2:] == ["portable", "reference"]
    assert rows["portable"] == rows["reference"] == (None, frozenset())


def test_each_kernel_has_a_file_and_a_row_in_the_documentation():
    """And each file that holds one has a row in the table: no kernel is left out of the library or the tests."""
    names = [row.name for row in kernel_rows()]
    for folder in ("kernels", "few_bits"):
        assert sorted([*names, "registry"]) == [path.stem for path in source_files(".cc") if path.parent.name == folder]
    page = (FOLDER.parents[1] / "docs" / "delegate.md").read_text(encoding="utf-8")
    table = page.partition("## Kernels")[2].partition("\n## ")[0]
    assert re.findall(r"^\| `(\w+)` \|", table, re.MULTILINE) == names


def test_folders_include_one_way():
    """A file includes those of its own folder and of the folders behind it in this order."""
    order = ["litert", "graph", "operations", "kernels", "base"]
    files = source_files(".cc", ".h")
    assert {path.relative_to(FOLDER).parts[0] for path in files} == set(order)
    for path in files:
        place = order.index(path.relative_to(FOLDER).parts[0])
        for name in re.findall(r'^#include "([^"]+)"', path.read_text(encoding="utf-8"), re.MULTILINE):
            included = (path.parent / name).resolve()
            assert included in files, f"{path.name} includes {name}"
            assert order.index(included.relative_to(FOLDER).parts[0]) >= place, f"{path.name} includes {name}"


def test_no_product_and_sum_are_joined():
    """Joined they round once, so that results would differ from processor to processor."""
    assert "-ffp-contract=off" in compile_command(["c++"], ["a.cc"], "library.so")
