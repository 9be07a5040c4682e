"""Reading activation functions, as found in ``Activation`` or in a layer's ``activation``."""

from __future__ import annotations

from larq_focal.network import ops
from larq_focal.network.graph import NotUnderstood
from larq_focal.network.keras import room
from larq_focal.network.keras.layer_call import LayerCall
from larq_focal.network.keras.quantizers import is_quantizer, read_quantizer
from larq_focal.network.kernel import FLOAT_BITS
from larq_focal.nn import is_keras_3, keras

_ACTIVATIONS = {
    keras.activations.relu: "relu",
    keras.activations.softmax: "softmax",
    keras.activations.sigmoid: "sigmoid",
    keras.activations.tanh: "tanh",
}
if not is_keras_3():  # whose function of that name has another slope
    _ACTIVATIONS[keras.activations.hard_sigmoid] = "hard_sigmoid"


def read_activation(function, call: LayerCall, value: str, part: str = "") -> str:
    """Adds an activation function of ``value`` and returns the name of the result."""
    if function is None or function is keras.activations.linear:
        return value
    if is_quantizer(function):
        return read_quantizer(function, call, value, part)
    if function in _ACTIVATIONS:
        return call.add(ops.Activation, value, part=part, kind=_ACTIVATIONS[function])
    try:
        (value,) = room.read_function(function, (), call, [value], part=part)
        return value
    except NotUnderstood as reason:
        name = getattr(function, "__name__", type(function).__name__)
        count = room.function_macs(function, [(1, *call.shape(value))], ["float32"])
        macs = None if count is None else ((FLOAT_BITS, FLOAT_BITS, count),) if count else ()
        return call.add(
            ops.Unknown, value, part=part, kind=f"activation {name} ({reason})", weights=(), macs_by_bits=macs
        )
