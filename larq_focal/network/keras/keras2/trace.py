"""A traced function while it is being read: which of its tensors are values, which are constants, who reads what."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from larq_focal.keras import tf
from larq_focal.network import ops
from larq_focal.network.graph import NotUnderstood
from larq_focal.network.keras.layer_call import LayerCall

Reader = Callable[["Trace", tf.Operation], Sequence[str]]

READERS: dict[str, Reader] = {}
"""What adds the operations of a TensorFlow operation and returns the names of its results, by type."""

IDENTITIES = ("Identity", "IdentityN", "StopGradient", "PreventGradient", "EnsureShape")
"""Types that hand on what they are given, each input to the output of the same number."""


_CHANGES = ("Assign", "ResourceScatter", "ResourceApply")
"""How types of operations begin that change a variable, their first input."""


def value_shape(tensor) -> ops.Shape:
    """The shape of a tensor without its batch axis, which must come first and be the only one of unknown size."""
    shape = tensor.shape
    if shape.rank is None or shape.rank == 0 or shape[0] is not None or not shape[1:].is_fully_defined():
        raise NotUnderstood(f"a value of shape {shape}")
    return tuple(shape)[1:]


def reads(*types: str) -> Callable[[Reader], Reader]:
    """Registers a reader of operations of these types."""

    def register(reader: Reader) -> Reader:
        READERS.update(dict.fromkeys(types, reader))
        return reader

    return register


class Trace:
    """A traced function: which of its tensors are values of the QuantGraph and which are constants.

    What depends neither on the inputs nor on a state is constant: numbers, weights, and what is computed of them.
    """

    def __init__(self, traced, call: LayerCall, inputs: Sequence[str], part: str):
        self.call = call
        self.part = part
        self._traced = traced
        self._values = {tensor.ref(): name for tensor, name in zip(traced.inputs, inputs, strict=False)}
        self._varies = dict.fromkeys(self._values, True)
        changes = [op for op in traced.graph.get_operations() if op.type.startswith(_CHANGES)]
        self._changed = {op.inputs[0].ref() for op in changes}

    def constant(self, tensor) -> np.ndarray | None:
        """What ``tensor`` holds if it is constant, else None."""
        value = tf.get_static_value(tensor)
        if value is None and not self._does_vary(tensor):
            value = self._traced.prune([], tensor)().numpy()
        return value

    def _does_vary(self, tensor) -> bool:
        if tensor.ref() not in self._varies:
            self._varies[tensor.ref()] = self._has_state(tensor.op) or any(map(self._does_vary, tensor.op.inputs))
        return self._varies[tensor.ref()]

    def _has_state(self, op) -> bool:
        """Random numbers, say, and what reads a variable that is changed too."""
        is_read = op.type == "ReadVariableOp"
        return op.op_def.is_stateful and (not is_read or op.inputs[0].ref() in self._changed)

    def operand(self, op, index: int) -> np.ndarray:
        """Input ``index`` of ``op``, which must be constant."""
        constant = self.constant(op.inputs[index])
        if constant is None:
            raise NotUnderstood(f"{op.type} with a computed operand")
        return constant

    def value(self, tensor) -> str:
        """The name of the value that ``tensor`` is, read now if it was not yet."""
        while tensor.op.type in IDENTITIES:
            tensor = tensor.op.inputs[tensor.value_index]
        if tensor.ref() not in self._values:
            reader = READERS.get(tensor.op.type)
            if tensor.op.type == "ReadVariableOp":
                raise NotUnderstood("a variable that changes during inference")
            if reader is None:
                raise NotUnderstood(tensor.op.type)
            names = reader(self, tensor.op)
            self._values.update((output.ref(), name) for output, name in zip(tensor.op.outputs, names, strict=True))
        return self._values[tensor.ref()]

    def add(self, op: type[ops.Op], result, *inputs: str, **fields) -> str:
        """Adds the operation that produces the tensor ``result``."""
        return self.call.add(op, *inputs, part=self.part, shape=value_shape(result), **fields)

    def add_affine(self, result, value: str, **constants) -> str:
        if value_shape(result) != self.call.shape(value):
            raise NotUnderstood("a constant that widens the value")
        return self.call.add_affine(value, part=self.part, **constants)
