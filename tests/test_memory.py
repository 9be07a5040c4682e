"""The tests' own limit of memory, and that models leave nothing behind."""

from __future__ import annotations

import gc
import os
import subprocess
import sys

import numpy as np
import pytest

from tests.support.memory import peak_bytes, release_memory
from tests.support.processes import ROOT

# Options for this run are not for the runs that its tests start.
ENVIRONMENT = {name: value for name, value in os.environ.items() if name != "PYTEST_ADDOPTS"}

CONFTEST = """
from tests.conftest import keeps_memory_small
from tests.support import memory

memory.MOST_BYTES = memory.peak_bytes() + {room}
"""
TEST = """
def test_takes_memory():
    assert len(bytes(1) * (200 << 20)) == 200 << 20
"""


@pytest.mark.skipif(not peak_bytes(), reason="the system does not tell the peak of a process")
@pytest.mark.parametrize(("room", "is_over"), [(50 << 20, True), (1 << 30, False)])
def test_a_module_beyond_the_limit_is_an_error(room, is_over, tmp_path):
    (tmp_path / "conftest.py").write_text(CONFTEST.format(room=room))
    for name in ("test_a", "test_b"):  # only the first takes the process beyond the limit
        (tmp_path / f"{name}.py").write_text(TEST)
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "--rootdir", tmp_path, tmp_path]
    done = subprocess.run(command, cwd=ROOT, env=ENVIRONMENT, capture_output=True, text=True)
    assert done.returncode == is_over, done.stdout + done.stderr
    assert ("2 passed, 1 error" if is_over else "2 passed in") in done.stdout
    assert ("These tests took the process to" in done.stdout) == is_over
    assert "ERROR at teardown of test_takes_memory" in done.stdout or not is_over


OWN_PROCESS = """
import os

import pytest

HERE = os.environ.setdefault("OF_THE_TEST", str(os.getpid()))


@pytest.mark.own_process
@pytest.mark.parametrize("is_right", [True, False])
def test_elsewhere(is_right):
    assert str(os.getpid()) != HERE and is_right


def test_here():
    assert str(os.getpid()) == HERE
"""


def test_marked_tests_run_in_processes_of_their_own(tmp_path):
    (tmp_path / "conftest.py").write_text("from tests.conftest import pytest_pyfunc_call")
    (tmp_path / "pytest.ini").write_text("[pytest]\nmarkers = own_process")
    (tmp_path / "test_it.py").write_text(OWN_PROCESS)
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", tmp_path]
    environment = {**ENVIRONMENT, "PYTHONPATH": str(ROOT)}
    done = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True)
    assert "2 passed" in done.stdout and "1 failed" in done.stdout, done.stdout + done.stderr
    assert "In a process of its own:" in done.stdout and "FAILED test_it.py::test_elsewhere[False]" in done.stdout


@pytest.mark.slow
def test_models_leave_nothing_behind():
    """Graphs of quantizers stay with their gradients, which TensorFlow keeps, unless they are let go of."""
    from tensorflow.python.framework.func_graph import FuncGraph

    from larq_focal.keras import keras, larq

    def graphs_left() -> int:
        return sum(type(one) is FuncGraph for one in gc.get_objects())

    def use_model() -> None:
        layer = larq.layers.QuantDense(2, input_quantizer="ste_sign", kernel_quantizer="ste_sign")
        model = keras.Sequential([keras.layers.Input((4,)), layer])
        model.compile("sgd", "mse")
        model.fit(np.ones((4, 4)), np.ones((4, 2)), verbose=0)

    use_model()
    release_memory()
    before = graphs_left()
    use_model()
    assert graphs_left() > before
    release_memory()
    assert graphs_left() <= before
