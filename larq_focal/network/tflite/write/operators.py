"""How each operation of a graph is written: one function per class, in the modules of this folder."""

from __future__ import annotations

from functools import singledispatch

from larq_focal.network import ops
from larq_focal.network.graph import GraphError
from larq_focal.network.tflite.write.emitter import Emitter


@singledispatch
def write(op: ops.Op, emitter: Emitter) -> None:
    """Adds the operators that compute ``op``."""
    raise GraphError(f"'{op.name}' is a {type(op).__name__}, which cannot be written as TensorFlow Lite.")
