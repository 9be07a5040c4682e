"""Reading functions of tensors (Lambda layers, TensorFlow operations between layers, activations) by tracing them.

A function is run once on symbolic tensors, which leaves a TensorFlow graph. Its operations are read from the results
backwards.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from larq_focal.keras import tf
from larq_focal.network.graph import NotUnderstood
from larq_focal.network.keras.keras2 import elementwise, moves, products  # noqa: F401 (they add readers)
from larq_focal.network.keras.keras2.trace import Trace
from larq_focal.network.keras.layer_call import LayerCall


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
    specs = [
        tf.TensorSpec(shape, dtype) for shape, dtype in zip(shapes, dtypes or ["float32"] * len(shapes), strict=True)
    ]
    try:
        traced = tf.compat.v1.wrap_function(function, specs)  # unlike tf.function, it can be cut into parts
    except (TypeError, ValueError) as error:
        raise NotUnderstood(f"a function that cannot be traced ({error})") from error
    count = len(call.builder)
    try:
        trace = Trace(traced, call, inputs, part)
        return [trace.value(tensor) for tensor in tf.nest.flatten(traced.structured_outputs)]
    except NotUnderstood:
        call.builder.truncate(count)
        raise
