"""Engines that run a TensorFlow Lite file without TensorFlow: LCE's interpreter, LiteRT, LiteRT with the delegate.

An engine takes what the file was converted for, in batch size and types; ``Runtime`` does the rest. Importing this
loads no engine and not even NumPy: the command line takes the names from here.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from larq_focal import delegate
from larq_focal.deploy.lce_extension import lce_extension
from larq_focal.stderr import held_stderr, held_text, write_stderr

if TYPE_CHECKING:
    import numpy as np

    from larq_focal.network.tflite.flat_model import FlatModel

_one_build = threading.RLock()
"""Held while an interpreter is built, so that what is printed meanwhile belongs to it."""


_LOG_LINES = ("INFO: ", "WARNING: ", "ERROR: ")
"""How the lines begin that interpreters print; of one that was built, they are of no interest."""


_ADVICE = {
    "edgetpu-custom-op": "The file was compiled for an Edge TPU: run the .tflite file that it was compiled from.",
    "Flex": "Operations with Flex in front are TensorFlow's own: convert the model without SELECT_TF_OPS.",
}
"""By how the name of a custom operation begins."""


class EngineError(RuntimeError):
    """An engine cannot run a model; the message says why and what to do."""


class Engine(Protocol):
    """What ``Runtime`` asks of an engine. One call at a time: an interpreter holds the values of one."""

    package: str
    """The name that pip knows it by."""

    def __init__(self, model: FlatModel, threads: int): ...

    def run(self, inputs: Sequence[np.ndarray]) -> list[np.ndarray]:
        """One call: C-contiguous arrays of the shapes and types of ``model.inputs``, in their order.

        Returns:
            Arrays in the order of ``model.outputs``, which are the caller's own.
        """
        ...


class LceEngine:
    """Larq Compute Engine's interpreter with indirect BGEMM and XNNPACK.

    Indirect BGEMM is by far the faster of its kernels on x86, and the only optimized one that does grouped
    convolutions. It has one thread; ``threads`` speeds up the other operators.
    """

    package = "larq-compute-engine"

    def __init__(self, model: FlatModel, threads: int):
        if model.few_bit_operations:
            raise EngineError(
                f"'{model.name}' has the operators {', '.join(model.few_bit_operations)}, which only larq_focal's "
                'delegate knows. Run it with engine="delegate".'
            )
        use_reference_bconv, use_indirect_bgemm, use_xnnpack = False, True, True

        def build():
            wrapper = lce_extension("tflite.python.interpreter_wrapper_lite")
            return wrapper.LiteInterpreter(model.content, threads, use_reference_bconv, use_indirect_bgemm, use_xnnpack)

        self._interpreter = _built("Larq Compute Engine", model, build)
        inputs = [tensor.index for tensor in model.inputs]
        self._inputs = [inputs.index(index) for index in model.graph_inputs]
        self._outputs = [model.graph_outputs.index(tensor.index) for tensor in model.outputs]

    def run(self, inputs: Sequence[np.ndarray]) -> list[np.ndarray]:
        outputs = self._interpreter.predict([inputs[place] for place in self._inputs])
        return [outputs[place] for place in self._outputs]


class LiteRTEngine:
    """Stock LiteRT (the package ``ai-edge-litert``), for models without operators of the delegate's."""

    package = "ai-edge-litert"

    def __init__(self, model: FlatModel, threads: int):
        if model.few_bit_operations:
            raise EngineError(
                f"'{model.name}' has the few-bit operators {', '.join(model.few_bit_operations)}, which LiteRT does "
                'not know. Run it with engine="delegate", or convert it with packed=False.'
            )
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
        self._inputs = [tensor.index for tensor in model.inputs]
        self._outputs = [tensor.index for tensor in model.outputs]

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
    """Stock LiteRT with larq_focal's delegate, which runs the operators of binary and few-bit layers."""

    def __init__(self, model: FlatModel, threads: int):
        try:
            path = delegate.library_path()
        except delegate.DelegateMissing as error:
            raise EngineError(str(error)) from error
        self._open(model, threads, path)


ENGINES: dict[str, type[Engine]] = {"lce": LceEngine, "litert": LiteRTEngine, "delegate": DelegateEngine}
AUTO = "auto"
"""The first engine that takes the model, see ``engines_for``."""
ENGINE_CHOICES = (AUTO, *ENGINES)


def engines_for(model: FlatModel) -> tuple[str, ...]:
    """The names of the engines to try for ``model``, in order.

    Stock LiteRT comes first, with the delegate if the model has binary operators, then LCE's interpreter. Operators of
    few bits are known to the delegate alone.
    """
    if model.few_bit_operations:
        return ("delegate",)
    return ("delegate", "lce") if model.binary_operations else ("litert", "lce")


def _foreign(model: FlatModel) -> Iterator[str]:
    """What to say of custom operations that are not those of Larq Compute Engine, where a model does not load."""
    known = (*model.binary_operations, *model.few_bit_operations)
    kinds = [kind for kind in model.custom_operations if kind not in known]
    if not kinds:
        return
    operations = "operation" if len(kinds) == 1 else "operations"
    yield f"it has the custom {operations} {', '.join(kinds)}, which not every engine knows."
    yield from (advice for start, advice in _ADVICE.items() if any(kind.startswith(start) for kind in kinds))


def _built(engine: str, model: FlatModel, build: Callable[[], Any]) -> Any:
    """The interpreter that ``build`` makes, or an error with what its C++ code printed before it gave up."""
    with _one_build:
        failure = None
        with held_stderr() as file:
            try:
                interpreter = build()
            except (RuntimeError, ValueError) as error:
                failure = error
            printed = held_text(file).splitlines()
    if failure is not None:
        reasons = " ".join(
            [*_foreign(model), *(line for line in printed if not line.startswith("INFO:")), str(failure).strip()]
        )
        raise EngineError(f"{engine} cannot load '{model.name}': {reasons}") from failure
    write_stderr("".join(f"{line}\n" for line in printed if not line.startswith(_LOG_LINES)))  # of other threads
    return interpreter
