"""LiteRT's ``CompiledModel``, the successor of its interpreter, with larq_focal's delegate as its accelerator.

The library of the delegate exports an accelerator too, which ``CompiledModel`` looks for under a fixed name in a folder
that its environment names. Structures inside LiteRT that both rely on differ from version to version: only those that
are known are tried, and the library compares their sizes again.
"""

from __future__ import annotations

import ctypes
import re
import tempfile
from collections.abc import Sequence
from functools import cache
from importlib import metadata
from math import prod
from pathlib import Path
from typing import TYPE_CHECKING

from larq_focal.deploy.building import EngineError, built, delegate_library

if TYPE_CHECKING:
    import numpy as np
    from ai_edge_litert.compiled_model import CompiledModel
    from ai_edge_litert.environment import Environment

    from larq_focal.network.tflite.flat_model import FlatModel

KNOWN_VERSIONS = ("2.2", "2.3")
"""Versions of ai-edge-litert whose accelerators are known."""

_LIBRARY = "libLiteRtGpuAccelerator.so"
"""Where an environment looks for an accelerator that it does not bring itself; ours says that it is for the CPU."""

_ENDS = ("inputs", "outputs")

_TYPES = frozenset({"bool", "float16", "float32", "int8", "int32", "uint8"})
"""What LiteRT's Python package copies into and out of its buffers, as far as NumPy has it."""


class CompiledEngine:
    """``CompiledModel``, for models with and without operators of the delegate's."""

    package = "ai-edge-litert"

    def __init__(self, model: FlatModel, threads: int):
        library = delegate_library()
        require_known_version()
        for tensor in (*model.inputs, *model.outputs):
            if tensor.dtype not in _TYPES:
                raise EngineError(
                    f"'{tensor.name}' of '{model.name}' is {tensor.dtype}, which LiteRT's CompiledModel does not give "
                    "to Python. Choose another engine."
                )
        from ai_edge_litert.compiled_model import CompiledModel
        from ai_edge_litert.hardware_accelerator import HardwareAccelerator
        from ai_edge_litert.options import CpuOptions, Options

        def build():
            options = Options(HardwareAccelerator.CPU, cpu_options=CpuOptions(num_threads=threads))
            compiled = CompiledModel.from_buffer(model.content, environment=_environment(library), options=options)
            self._signature, inputs, outputs = _ends(compiled, model)
            self._input_buffers = compiled.create_input_buffers(self._signature)
            self._output_buffers = compiled.create_output_buffers(self._signature)
            self._input_buffers[0].get_tensor_details()  # the first use of a buffer prints a lot, here unseen
            self._inputs = [self._input_buffers[inputs.index(tensor.index)] for tensor in model.inputs]
            self._outputs = [(self._output_buffers[outputs.index(tensor.index)], tensor) for tensor in model.outputs]
            return compiled

        self._compiled = built("LiteRT's CompiledModel", model, build)
        self._content = model.content  # goes after what was made from it

    def run(self, inputs: Sequence[np.ndarray]) -> list[np.ndarray]:
        for buffer, array in zip(self._inputs, inputs, strict=True):
            buffer.write(array)
        self._compiled.run_by_index(self._signature, self._input_buffers, self._output_buffers)
        return [buffer.read(prod(tensor.shape), tensor.dtype).reshape(tensor.shape) for buffer, tensor in self._outputs]


def require_known_version() -> None:
    """Looks which LiteRT is installed.

    Raises:
        EngineError: one with other structures.
        ImportError: none.
    """
    try:
        version = metadata.version(CompiledEngine.package)
    except metadata.PackageNotFoundError as error:
        raise ImportError("The engine 'compiled' needs LiteRT: pip install ai-edge-litert") from error
    if ".".join(re.split(r"[.a-z]", version)[:2]) not in KNOWN_VERSIONS:
        raise EngineError(
            f"The engine 'compiled' knows LiteRT {' and '.join(KNOWN_VERSIONS)}, and ai-edge-litert {version} is "
            f"installed: pip install 'ai-edge-litert=={KNOWN_VERSIONS[-1]}.*', or choose another engine."
        )


@cache
def _environment(library: Path) -> Environment:
    """The environment of all compiled models of this process.

    It must outlive them, and nothing says in which order objects go when Python ends: so it is never destroyed.
    """
    from ai_edge_litert.environment import Environment

    with tempfile.TemporaryDirectory(prefix="larq_focal-") as folder:
        Path(folder, _LIBRARY).symlink_to(library)
        # The other two folders keep it from looking for accelerators of makers of processors.
        environment = Environment.create(runtime_path=folder, compiler_plugin_path=folder, dispatch_library_path=folder)
    ctypes.pythonapi.Py_IncRef(ctypes.py_object(environment.capsule))
    return environment


def _ends(compiled: CompiledModel, model: FlatModel) -> tuple[int, list[int], list[int]]:
    """The number of the signature, and the tensors that are its inputs and outputs, in its order.

    Raises:
        RuntimeError: LiteRT cannot prepare the model.
        ValueError: LiteRT would leave an output unwritten.
    """
    number = 0 if model.signature is None else compiled.get_signature_index(model.signature)
    names = compiled.get_signature_by_index(number)
    sides = compiled.get_input_tensor_details(names["key"]), compiled.get_output_tensor_details(names["key"])
    if model.signature is None:  # the names are those of tensors, which need not differ
        inputs, outputs = list(model.graph_inputs), list(model.graph_outputs)
    else:
        inputs, outputs = ([side[name]["index"] for name in names[end]] for end, side in zip(_ENDS, sides, strict=True))
    if len({*inputs, *outputs}) < len(inputs) + len(outputs):
        raise ValueError("one of its outputs is an input or another output too, and would be left unwritten.")
    return number, inputs, outputs
