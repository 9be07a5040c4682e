"""Engines that run a TensorFlow Lite file without TensorFlow: LCE's interpreter, and LiteRT with our delegate or not.

An engine takes what the file was converted for, in batch size and types; ``Runtime`` does the rest. Importing this
loads no engine and not even NumPy: the command line takes the names from here.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from larq_focal.deploy.building import EngineError, built, delegate_library
from larq_focal.deploy.compiled_model import CompiledEngine
from larq_focal.deploy.lce_extension import lce_extension

if TYPE_CHECKING:
    import numpy as np

    from larq_focal.network.tflite.flat_model import FlatModel


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

        self._interpreter = built("Larq Compute Engine", model, build)
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

        self._interpreter = built("LiteRT", model, build)
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
        self._open(model, threads, delegate_library())


ENGINES: dict[str, type[Engine]] = {
    "lce": LceEngine,
    "litert": LiteRTEngine,
    "delegate": DelegateEngine,
    "compiled": CompiledEngine,
}
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
