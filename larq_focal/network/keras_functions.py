"""Reading functions of tensors (Lambda layers, TensorFlow operations between layers, activations) by tracing them.

A function is run once on symbolic tensors, which leaves a TensorFlow graph. Its operations are read from the results
backwards.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from larq_focal.keras import tf
from larq_focal.network import keras_products, ops  # noqa: F401 (keras_products adds readers)
from larq_focal.network.graph import NotUnderstood
from larq_focal.network.keras_builder import LayerCall
from larq_focal.network.keras_operations import IDENTITIES, READERS, value_shape


def read_function(
    function: Callable, dtypes: Sequence, call: LayerCall, inputs: Sequence[str] | None = None, part: str = ""
) -> list[str]:
    """Adds what ``function`` computes of the values ``inputs`` and returns the names of its results.

    Args:
        function: takes one tensor with a batch axis per input.
        dtypes: their types in TensorFlow; float32 where none are given.
        call: the layer call being read.
        inputs: names of values; those of the call if None.
        part: as for ``LayerCall.add``.

    Raises:
        NotUnderstood: it contains an operation, or a use of one, that has no counterpart. Nothing is added then.
    """
    inputs = call.inputs if inputs is None else inputs
    shapes = [(None, *call.shape(name)) for name in inputs]
    specs = [
        tf.TensorSpec(shape, dtype) for shape, dtype in zip(shapes, dtypes or [tf.float32] * len(shapes), strict=True)
    ]
    try:
        traced = tf.compat.v1.wrap_function(function, specs)  # unlike tf.function, it can be cut into parts
    except (TypeError, ValueError) as error:
        raise NotUnderstood(f"a function that cannot be traced ({error})") from error
    count = len(call.builder.ops)
    try:
        trace = Trace(traced, call, inputs, part)
        return [trace.value(tensor) for tensor in tf.nest.flatten(traced.structured_outputs)]
    except NotUnderstood:
        call.builder.truncate(count)
        raise


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

    def constant(self, tensor) -> np.ndarray | None:
        """What ``tensor`` holds if it is constant, else None."""
        value = tf.get_static_value(tensor)
        if value is None and not self._does_vary(tensor):
            value = self._traced.prune([], tensor)().numpy()
        return value

    def _does_vary(self, tensor) -> bool:
        if tensor.ref() not in self._varies:
            has_state = tensor.op.op_def.is_stateful and tensor.op.type != "ReadVariableOp"  # random numbers, say
            self._varies[tensor.ref()] = has_state or any(map(self._does_vary, tensor.op.inputs))
        return self._varies[tensor.ref()]

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
