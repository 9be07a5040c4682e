"""Terminals of few characters: what they cannot show becomes "?", and nothing fails after the work."""

import os
import subprocess
import sys

import numpy as np
import pytest

from larq_focal.network import Kernel, QuantGraph, ops, save_graph

TERMINALS = {
    "latin-1": {"PYTHONIOENCODING": "latin-1"},
    "ascii": {"PYTHONIOENCODING": "ascii"},
    "C": {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"},
    "utf-8": {"PYTHONIOENCODING": "utf-8"},
}


@pytest.fixture(scope="module")
def graph(tmp_path_factory):
    """A network whose layers have names in other scripts, in a file whose name is not even UTF-8."""
    image = ops.Input(name="画像", shape=(8, 8, 1))
    bits = ops.Binarize(name="µ→", inputs=("画像",), shape=(8, 8, 1), threshold=np.float32(0))
    kernel = Kernel(np.ones((3, 3, 1, 4), np.int8), np.ones(4, np.float32), 1)
    layer = ops.Conv2D(name="層", inputs=("µ→",), shape=(6, 6, 4), kernel=kernel, declared_bits=(1, 1))
    folder = tmp_path_factory.mktemp("graph")
    return save_graph(QuantGraph("網", [image, bits, layer], ["層"]), folder / os.fsdecode(b"\xff.qgraph"))


@pytest.mark.parametrize("terminal", TERMINALS)
@pytest.mark.parametrize(
    "command", [("summary",), ("fit",), ("compile", "-o", "{}.scamp"), ("inspect", "-o", "{}.html")]
)
def test_all_is_shown(command, terminal, graph, tmp_path):
    name, *options = command
    options = [option.format(tmp_path / "out") for option in options]
    done = subprocess.run(
        [sys.executable, "-m", "larq_focal", name, graph, *options],
        env={**os.environ, **TERMINALS[terminal]},
        capture_output=True,
        timeout=120,
    )
    assert done.returncode == 0, done.stderr.decode(errors="replace")
    assert len(done.stdout) > 100 and b"codec" not in done.stderr


@pytest.mark.parametrize("terminal", TERMINALS)
def test_errors_are_shown(terminal, tmp_path):
    done = subprocess.run(
        [sys.executable, "-m", "larq_focal", "summary", tmp_path / os.fsdecode(b"\xff\xc3\xa9.qgraph")],
        env={**os.environ, **TERMINALS[terminal]},
        capture_output=True,
        timeout=120,
    )
    assert done.returncode == 1 and done.stderr.startswith(b"Error: There is no file '")
