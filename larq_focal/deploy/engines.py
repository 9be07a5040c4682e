"""Engines that run a TensorFlow Lite file without TensorFlow: LCE's interpreter, LiteRT, LiteRT with the delegate.

An engine takes what the file was converted for, in batch size and types; ``Runtime`` does the rest.
"""

from __future__ import annotations

import os
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Protocol

import numpy as np

from larq_focal import delegate
from larq_focal.deploy.lce_extension import has_lce, lce_extension
from larq_focal.network.flatbuffer import FlatModel


class EngineError(RuntimeError):
    """An engine cannot run a model; the message says why and what to do."""


class Engine(Protocol):
    """What ``Runtime`` asks of an engine."""

    package: str
    """The name that pip knows it by."""

    def __init__(self, model: FlatModel, threads: int): ...

    def run(self, inputs: Sequence[np.ndarray]) -> list[np.ndarray]:
        """One call: C-contiguous arrays of the shapes and types of the file's inputs, in their order."""
        ...


class LceEngine:
    """Larq Compute Engine's interpreter with indirect BGEMM and XNNPACK.

    Indirect BGEMM is by far the faster of its kernels on x86, and the only optimized one that does grouped
    convolutions. It has one thread; ``threads`` speeds up the other operators.
    """

    package = "larq-compute-engine"

    def __init__(self, model: FlatModel, threads: int):
        wrapper = lce_extension("tflite.python.interpreter_wrapper_lite")
        use_reference_bconv, use_indirect_bgemm, use_xnnpack = False, True, True
        self._interpreter = _built(
            "Larq Compute Engine",
            model,
            lambda: wrapper.LiteInterpreter(
                model.content, threads, use_reference_bconv, use_indirect_bgemm, use_xnnpack
            ),
        )

    def run(self, inputs: Sequence[np.ndarray]) -> list[np.ndarray]:
        return self._interpreter.predict(list(inputs))


class LiteRTEngine:
    """Stock LiteRT (the package ``ai-edge-litert``), for models without binary operators."""

    package = "ai-edge-litert"

    def __init__(self, model: FlatModel, threads: int):
        if model.binary_operations:
            raise EngineError(
                f"'{model.name}' has the binary operators {', '.join(model.binary_operations)}, which LiteRT does not "
                'know. Run it with engine="delegate", or engine="lce" (pip install larq-compute-engine).'
            )
        self._open(model, threads)

    def _open(self, model: FlatModel, threads: int, delegate_path: Path | None = None) -> None:
        try:
            from ai_edge_litert.interpreter import Interpreter, load_delegate
        except ImportError as error:
            raise ImportError(f"Running '{model.name}' needs LiteRT: pip install ai-edge-litert") from error

        def build():
            # An interpreter does not keep the delegates that it was given.
            self._delegates = [] if delegate_path is None else [load_delegate(str(delegate_path))]
            interpreter = Interpreter(
                model_content=model.content, num_threads=threads, experimental_delegates=self._delegates
            )
            interpreter.allocate_tensors()
            return interpreter

        self._interpreter = _built("LiteRT", model, build)
        self._inputs = [detail["index"] for detail in self._interpreter.get_input_details()]
        self._outputs = [detail["index"] for detail in self._interpreter.get_output_details()]

    def run(self, inputs: Sequence[np.ndarray]) -> list[np.ndarray]:
        self.feed(inputs)
        self.invoke()
        return [self._interpreter.get_tensor(index) for index in self._outputs]

    def feed(self, inputs: Sequence[np.ndarray]) -> None:
        """Copies the inputs to where ``invoke`` finds them, as often as it is called."""
        for index, array in zip(self._inputs, inputs, strict=True):
            self._interpreter.set_tensor(index, array)

    def invoke(self) -> None:
        """Computes, and leaves the outputs in the interpreter."""
        self._interpreter.invoke()


class DelegateEngine(LiteRTEngine):
    """Stock LiteRT with larq_focal's delegate, which runs the binary operators."""

    def __init__(self, model: FlatModel, threads: int):
        try:
            path = delegate.library_path()
        except delegate.DelegateMissing as error:
            raise EngineError(str(error)) from error
        self._open(model, threads, path)


ENGINES: dict[str, type[Engine]] = {"lce": LceEngine, "litert": LiteRTEngine, "delegate": DelegateEngine}


def choose_engine(model: FlatModel) -> str:
    """The name of the engine that runs ``model``: stock LiteRT, with the delegate if it has binary operators.

    Where the delegate was not compiled, LCE's interpreter runs them, if it is installed.
    """
    if not model.binary_operations:
        return "litert"
    return "delegate" if delegate.is_built() or not has_lce() else "lce"


def _built(engine: str, model: FlatModel, build: Callable[[], Any]) -> Any:
    """The interpreter that ``build`` makes, or an error with what its C++ code printed before it gave up."""
    with _native_errors() as printed:
        try:
            return build()
        except (RuntimeError, ValueError) as error:
            failure = error
    reasons = " ".join([*printed, str(failure).strip()])
    raise EngineError(f"{engine} cannot load '{model.name}': {reasons}") from failure


@contextmanager
def _native_errors() -> Iterator[list[str]]:
    """Collects what C++ code prints to the standard error stream, except for information about itself."""
    printed: list[str] = []
    sys.stderr.flush()
    saved = os.dup(2)
    with tempfile.TemporaryFile() as file:
        os.dup2(file.fileno(), 2)
        try:
            yield printed
        finally:
            os.dup2(saved, 2)
            os.close(saved)
            file.seek(0)
            lines = file.read().decode(errors="replace").splitlines()
            printed.extend(line for line in lines if not line.startswith("INFO:"))
