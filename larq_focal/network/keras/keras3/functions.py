"""Reading functions of tensors (Lambda layers, activations, a user's layers) and the operations between layers."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from larq_focal.network import ops
from larq_focal.network.builder import GraphBuilder
from larq_focal.network.graph import NotUnderstood
from larq_focal.network.keras.keras3 import elementwise, moves, products  # noqa: F401 (they add readers)
from larq_focal.network.keras.keras3.macs import node_macs
from larq_focal.network.keras.keras3.trace import Trace
from larq_focal.network.keras.keras3.traced import Traced, traced_function
from larq_focal.network.keras.layer_call import LayerCall
from larq_focal.network.keras.node import Node
from larq_focal.network.kernel import FLOAT_BITS


def read_function(
    function: Callable, dtypes: Sequence[str], call: LayerCall, inputs: Sequence[str] | None = None, part: str = ""
) -> list[str]:
    """Adds what ``function`` computes of the values ``inputs`` and returns the names of its results.

    Args:
        function: takes one tensor with a batch axis per input.
        dtypes: the names of their types; float32 where none are given.
        call: the layer call being read.
        inputs: names of values; those of the call if None.
        part: as for ``LayerCall.add``.

    Raises:
        NotUnderstood: it contains an operation, or a use of one, that has no counterpart. Nothing is added then.
    """
    inputs = call.inputs if inputs is None else inputs
    shapes = [(None, *call.shape(name)) for name in inputs]
    traced = traced_function(function, shapes, dtypes or ["float32"] * len(shapes))
    count = len(call.builder)
    try:
        trace = Trace(traced.nodes, traced.inputs, inputs, call, part)
        if any(trace.constant(tensor) is not None for tensor in traced.outputs):
            raise NotUnderstood("a function that gives a constant")
        return [trace[tensor] for tensor in traced.outputs]
    except NotUnderstood:
        call.builder.truncate(count)
        raise


class ModelValues(Trace):
    """The values of a model: each operation between its layers has its own name, and may be unknown."""

    def __init__(self, builder: GraphBuilder, path: str, model: Traced, names: Sequence[str]):
        super().__init__(model.nodes, model.inputs, names, LayerCall(builder, path, ()))
        self._path = path

    def read(self, node: Node) -> Sequence[str]:
        builder = self.call.builder
        start, outer, names = len(builder), self.call, dict(self._names)
        self.call = self._call_of(node)
        try:
            return super().read(node)
        except NotUnderstood as reason:
            builder.truncate(start)
            self._names = names
            return self._unknown(node, reason)
        finally:
            self.call = outer

    def _call_of(self, node: Node) -> LayerCall:
        return LayerCall(self.call.builder, self._path + node.layer.name, (), node)

    def _unknown(self, node: Node, reason: NotUnderstood) -> list[str]:
        kind = type(node.layer).__name__
        kind = kind if f"{reason}" in ("", kind) else f"{kind} ({reason})"
        inputs, count, call = [self[tensor] for tensor in node.inputs], node_macs(node), self._call_of(node)
        macs = None if count is None else (((FLOAT_BITS, FLOAT_BITS, count),) if count else ())
        names = []
        for output in node.outputs:  # the first stands for the whole operation
            shape = tuple(output.shape)[1:]
            names.append(call.add(ops.Unknown, *inputs, shape=shape, kind=kind, weights=(), macs_by_bits=macs))
            macs = macs and ()
        return names
