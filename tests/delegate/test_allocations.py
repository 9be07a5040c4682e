"""No inference allocates memory: the fuzzer, which counts allocations, runs a while without its sanitizers."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.support.requirements import require

ROOT = Path(__file__).parents[2]
DELEGATE = ROOT / "larq_focal" / "delegate"


@pytest.mark.slow
def test_no_run_of_a_random_network_allocates_memory(tmp_path):
    require([] if shutil.which("g++") else ["g++"])
    sources = [path for path in DELEGATE.rglob("*.cc") if path.parent.name != "litert"]  # which takes LiteRT
    sources += [ROOT / "tools" / "fuzz_delegate.cc", ROOT / "tools" / "counted_allocations.cc"]
    program = tmp_path / "fuzz"
    subprocess.run(["g++", "-std=c++17", "-O1", "-o", program, *sources, "-pthread"], check=True)
    result = subprocess.run([program, "3"], capture_output=True, text=True)
    assert result.returncode == 0, result.stderr
    assert int(re.search(r"(\d+) of them run, no fault", result.stdout).group(1)) > 1000
