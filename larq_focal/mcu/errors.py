"""The error of an export to C, and what has no C."""

from __future__ import annotations

from larq_focal.network import ops
from larq_focal.network.graph import QuantGraph


class CExportError(RuntimeError):
    """A network cannot be written in C, or was not; the message says why and what to change. No file was written."""


_NEEDS_A_LIBRARY = ("sigmoid", "tanh", "softmax", "sqrt")
_WITHOUT_C = (
    *(ops.Conv2DTranspose, ops.Conv3D, ops.LocallyConnected2D, ops.Embedding, ops.Einsum),
    *(ops.Standardize, ops.Unknown),
)


def check_writable(graph: QuantGraph) -> None:
    """Refuses a network with operations that are not written in C.

    Raises:
        CExportError: there are such; the message names each, and what to do.
    """
    faults = [f"'{op.name}' {fault}" for op in graph if (fault := _fault(op)) is not None]
    if faults:
        raise CExportError(f"'{graph.name}' cannot be written in C: " + " ".join(faults))


def _fault(op: ops.Op) -> str | None:
    """What is wrong with an operation and how to fix it, behind its name; None if it can be written."""
    if isinstance(op, ops.Activation) and op.kind in _NEEDS_A_LIBRARY:
        return (
            f"is a {op.kind}, which needs the mathematics library: use hard_sigmoid, relu or a sign in its place, or "
            "end the network before it."
        )
    if isinstance(op, ops.Unknown):
        return f"is {op.kind}, which is not understood: end the network before it, or replace it."
    if isinstance(op, ops.Standardize):
        return "takes the mean and the deviation of each sample: use a batch normalisation."
    if isinstance(op, _WITHOUT_C):
        return f"is a {type(op).__name__}, for which no C is written: end the network before it, or replace it."
    if isinstance(op, ops.Conv2D | ops.Dense) and op.kernel.scale is not None and op.kernel.bits > 16:
        return f"has weights of {op.kernel.bits} bits: at most 16 are written."
    return None
