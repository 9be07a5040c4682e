"""Reading the Keras layers that are element-wise functions."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from larq_focal.network import ops
from larq_focal.network.graph import NotUnderstood
from larq_focal.network.keras import room
from larq_focal.network.keras.activations import read_activation
from larq_focal.network.keras.layer_call import LayerCall
from larq_focal.nn import keras

if TYPE_CHECKING:
    from larq_focal.layers import RPReLU

layers = keras.layers


def read_activation_layer(layer: layers.Activation, call: LayerCall) -> str:
    return read_activation(layer.activation, call, call.inputs[0])


def read_relu_layer(layer: layers.ReLU, call: LayerCall) -> str:
    high = np.inf if layer.max_value is None else float(layer.max_value)
    if layer.threshold or (layer.negative_slope and high < np.inf):
        raise NotUnderstood("with a threshold, or with a slope and a limit")
    if layer.negative_slope:
        slope = np.float32(layer.negative_slope)
        return call.add(ops.Activation, *call.inputs, kind="leaky_relu", alpha=slope)
    return call.add_clip(call.inputs[0], 0, high)


def read_leaky_relu_layer(layer: layers.LeakyReLU, call: LayerCall) -> str:
    slope = layer.alpha if hasattr(layer, "alpha") else layer.negative_slope  # which Keras 3 calls it
    return call.add(ops.Activation, *call.inputs, kind="leaky_relu", alpha=np.float32(slope))


def read_prelu_layer(layer: layers.PReLU, call: LayerCall) -> str:
    alpha = room.as_array(layer.alpha)
    if alpha.size == alpha.shape[-1]:
        alpha = alpha.reshape(-1)
    return call.add(ops.Activation, *call.inputs, kind="prelu", alpha=alpha)


def read_rprelu_layer(layer: RPReLU, call: LayerCall) -> str:
    shifted = call.add_affine(call.inputs[0], mean=room.as_array(layer.shift_in), stored=("mean",), part="shift_in")
    slope = room.as_array(layer.slope)
    value = call.add(ops.Activation, shifted, part="prelu", kind="prelu", alpha=slope)
    return call.add_affine(value, bias=room.as_array(layer.shift_out), stored=("bias",))


def read_softmax_layer(layer: layers.Softmax, call: LayerCall) -> str:
    axes = layer.axis if isinstance(layer.axis, list | tuple) else [layer.axis]
    if list(axes) not in ([-1], [len(call.shape(call.inputs[0]))]):
        raise NotUnderstood(f"over axis {layer.axis}")
    return call.add(ops.Activation, *call.inputs, kind="softmax")
