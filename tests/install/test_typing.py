"""What type checkers see of larq_focal in a user's script, with the package installed and in editable mode."""

from __future__ import annotations

import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import pytest

from tests.install.environments import install, make_environment
from tests.support.requirements import skip
from tools.wheels import copy_sources

pytestmark = pytest.mark.slow

SCRIPT = """
import larq_focal as lqf
from larq_focal.zoo import build

conversion = lqf.convert("model.h5", "model.tflite")
table = conversion.audit.layers
quantizer = lqf.quantizers.HysteresisSign(threshold=0.1)
layer = lqf.layers.BinaryDense
network = lqf.zoo.lenet("irnet")
network = build("resnet20_irnet")
runtime: lqf.Runtime = lqf.Runtime("model.tflite")
"""
MISSPELT = """
import larq_focal as lqf
from larq_focal.zoo import biuld

lqf.conver("model.h5", "model.tflite")
lqf.quantizers.HysteresisSing()
lqf.zoo.lent()
lqf.convert("model.h5", "model.tflite", stirct=True)
"""
WRONG_LINES = {3, 5, 6, 7, 8}


@pytest.fixture(scope="module", params=["installed", "editable"])
def python(request, tmp_path_factory) -> Path:
    """A Python of its own that has larq_focal alone, without the delegate, which takes time to compile."""
    for checker in ("mypy", "basedpyright"):
        if find_spec(checker) is None:
            skip(f"needs {checker}: pip install larq_focal[test]")
    folder = tmp_path_factory.mktemp(request.param)
    copy_sources(folder / "source")
    python = make_environment(folder / "venv")
    editable = ["--editable"] if request.param == "editable" else []
    install(folder / "source", "--ignore-installed", "--prefix", folder / "venv", *editable, CXX="no-compiler")
    return python


def wrong_lines(checker: str, script: str, python: Path, folder: Path) -> set[int]:
    """The lines of ``script`` in which a type checker finds errors."""
    (folder / "script.py").write_text(script)
    commands = {
        "mypy": ["mypy", "--python-executable", python, "--cache-dir", folder / "cache"],
        "basedpyright": ["basedpyright", "--level", "error", "--pythonpath", python],
    }
    done = subprocess.run(
        [sys.executable, "-m", *commands[checker], "script.py"], cwd=folder, capture_output=True, text=True
    )
    errors = [line for line in done.stdout.splitlines() if "error: " in line or " - error" in line]
    assert done.returncode == bool(errors), done.stdout + done.stderr
    return {int(line.partition("script.py:")[2].partition(":")[0]) for line in errors}


@pytest.mark.parametrize("checker", ["mypy", "basedpyright"])
def test_names_resolve_and_misspelt_ones_are_errors(checker, python, tmp_path):
    assert wrong_lines(checker, SCRIPT, python, tmp_path) == set()
    assert wrong_lines(checker, MISSPELT, python, tmp_path) == WRONG_LINES
