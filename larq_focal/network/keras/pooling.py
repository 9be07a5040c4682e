"""Reading the Keras layers that pool windows."""

from __future__ import annotations

from larq_focal.network import ops
from larq_focal.network.conv_arithmetic import same_pads
from larq_focal.network.graph import NotUnderstood
from larq_focal.network.keras import room
from larq_focal.network.keras.layer_call import LayerCall
from larq_focal.nn import keras

layers = keras.layers
_MAXIMA = (layers.MaxPooling1D, layers.MaxPooling2D, layers.GlobalMaxPooling1D, layers.GlobalMaxPooling2D)


def kind_of(layer: layers.Layer) -> str:
    return "max" if isinstance(layer, _MAXIMA) else "average"


def add_pool(layer: layers.Layer, call: LayerCall, value: str, shape: ops.Shape, size: ops.Pair, strides: ops.Pair):
    """Adds what a pooling layer makes of the image ``value``."""
    kind = kind_of(layer)
    pads = same_pads(call.shape(value)[:2], size, strides) if layer.padding == "same" else ()
    if kind == "average" and not room.averages_evenly(pads):
        raise NotUnderstood("with uneven padding, which torch counts in the means")
    fields = {"kind": kind, "size": size, "strides": strides, "padding": layer.padding}
    return call.add(ops.Pool2D, value, shape=shape, **fields)


def read_pool2d(layer: layers.MaxPooling2D | layers.AveragePooling2D, call: LayerCall) -> str:
    shape = call.output_shape(layer)
    return add_pool(layer, call, *call.inputs, shape, tuple(layer.pool_size), tuple(layer.strides))


def read_global_pool2d(layer: layers.GlobalMaxPooling2D | layers.GlobalAveragePooling2D, call: LayerCall) -> str:
    fields = {"kind": kind_of(layer), "keep_dims": layer.keepdims}
    return call.add(ops.GlobalPool, *call.inputs, shape=call.output_shape(layer), **fields)
