"""One runtime gives many threads right results, and the process keeps its standard error stream."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

from larq_focal.deploy.runtime import EngineError, Runtime
from larq_focal.stderr import held_stderr, held_text, write_stderr
from tests.support.flatbuffers import CallSpec, TensorSpec, dense_network, relu_network, tflite
from tests.support.lce_file import residual_network
from tests.support.stacks import LCE_ENGINE

THREADS, IMAGES = 8, 1000
NETWORKS = {"litert": dense_network(), "delegate": residual_network(1, 8, 32), "lce": residual_network(1, 8, 32)}
NETWORKS["compiled"] = NETWORKS["delegate"]


@pytest.mark.parametrize("engine", ["litert", "delegate", "compiled", LCE_ENGINE])
def test_many_threads_get_what_one_gets(engine):
    runtime = Runtime(NETWORKS[engine], engine=engine)
    random = np.random.default_rng(0)
    images = {
        name: random.normal(size=(IMAGES, *shape)).astype(np.float32)
        for name, shape in zip(runtime.input_names, runtime.input_shapes, strict=True)
    }

    def one(index: int):
        return runtime.run({name: array[index : index + 1] for name, array in images.items()})

    expected = [one(index) for index in range(IMAGES)]
    with ThreadPoolExecutor(THREADS) as pool:
        results = list(pool.map(one, range(IMAGES)))
    assert all(np.array_equal(a, b) for e, r in zip(expected, results, strict=True) for a, b in zip(e, r, strict=True))


def test_runtimes_built_in_threads_leave_the_stream_as_it_was(capfd):
    """Half of them fail, and each says why in its own error only."""
    broken = {
        name: tflite(dict.fromkeys("xy", TensorSpec((1, 4))), [CallSpec(name, ["x"], ["y"])], ["x"], ["y"])
        for name in ("Mystery", "Riddle")
    }

    def build(index: int) -> str:
        if index % 2 == 0:
            return str(Runtime(relu_network()).run(np.ones((1, 4))).tolist())
        with pytest.raises(EngineError) as caught:
            Runtime(broken[("Mystery", "Riddle")[index // 2 % 2]], engine="litert")
        return str(caught.value)

    before = os.fstat(2)
    with ThreadPoolExecutor(THREADS) as pool:
        results = list(pool.map(build, range(64)))
    assert os.fstat(2) == before
    for index, result in enumerate(results):
        name = ("Mystery", "Riddle")[index // 2 % 2] if index % 2 else "[[1.0"
        others = {"Mystery", "Riddle"} - {name}
        assert name in result and not any(other in result for other in others)
    os.write(2, b"still here\n")
    assert capfd.readouterr().err == "still here\n"


def test_blocks_that_overlap_in_any_order_restore_the_stream(capfd):
    before = os.fstat(2)
    for first_ends_first in (True, False):
        first, second = held_stderr(), held_stderr()
        outer = first.__enter__()
        inner = second.__enter__()
        os.write(2, b"inner\n")
        for block in (first, second) if first_ends_first else (second, first):
            block.__exit__(None, None, None)
        assert outer.closed and inner.closed
        assert os.fstat(2) == before
    assert capfd.readouterr().err == ""


def test_many_threads_hold_and_write(capfd):
    """What one thread writes while others hold the stream reaches one of them, or the stream: nothing is lost."""
    begin, texts = threading.Barrier(THREADS), []

    def hold(index: int) -> None:
        begin.wait()
        for turn in range(20):
            with held_stderr() as file:
                os.write(2, f"{index}.{turn}\n".encode())
                text = held_text(file)
            texts.append(text)

    threads = [threading.Thread(target=hold, args=(index,)) for index in range(THREADS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    write_stderr("end\n")
    assert capfd.readouterr().err == "end\n"


def test_what_other_threads_write_while_one_builds_comes_out(capfd, monkeypatch):
    from ai_edge_litert import interpreter

    class Talking(interpreter.Interpreter):
        def allocate_tensors(self):
            print("of another thread", file=sys.stderr)
            super().allocate_tensors()

    monkeypatch.setattr(interpreter, "Interpreter", Talking)
    Runtime(relu_network())
    assert "of another thread" in capfd.readouterr().err


def test_a_process_without_the_stream_runs():
    code = (
        "import os; os.close(2)\n"
        "from larq_focal.deploy.runtime import Runtime\n"
        "from tests.support.flatbuffers import relu_network\n"
        "print(Runtime(relu_network()).run([[1.0, -2.0, 3.0, 4.0]]).tolist())"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[[1.0, 0.0, 3.0, 4.0]]"
