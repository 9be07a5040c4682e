"""No inference allocates memory: the fuzzer, which counts allocations, runs a while without its sanitizers."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

import pytest

from larq_focal.delegate.sources import compile_flags, source_files
from tests.support.requirements import require

TOOLS = Path(__file__).parents[2] / "tools"


@pytest.mark.slow
def test_no_run_of_a_random_network_allocates_memory(tmp_path):
    require([] if shutil.which("g++") else ["g++"])
    units = [path for path in source_files(".cc") if path.parent.name != "litert"]  # which takes LiteRT
    units += [TOOLS / "fuzz_delegate.cc", TOOLS / "counted_allocations.cc"]
    program = tmp_path / "fuzz"
    subprocess.run(["g++", *compile_flags(), "-O1", "-o", program, *units], check=True)
    result = subprocess.run([program, "1", "1001"], capture_output=True, text=True)
    assert result.returncode == 0, result.stderr
    assert int(re.search(r"(\d+) of them run, no fault", result.stdout).group(1)) > 1000
