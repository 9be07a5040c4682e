"""Reading one-dimensional Keras layers: each is the two-dimensional layer on an image of one row.

A value (steps, channels) becomes (1, steps, channels) before the operation, and one of steps again behind it.
"""

from __future__ import annotations

import numpy as np

from larq_focal.network import ops
from larq_focal.network.graph import NotUnderstood
from larq_focal.network.keras.activations import read_activation
from larq_focal.network.keras.kernels import layer_kernel
from larq_focal.network.keras.layer_call import LayerCall
from larq_focal.network.keras.linear import (
    add_linear,
    add_separable,
    bias_of,
    geometry_of,
    grouped,
    local_kernel,
    quantized_input,
)
from larq_focal.network.keras.pooling import add_pool, kind_of
from larq_focal.nn import keras


def as_row(call: LayerCall, value: str) -> str:
    """Adds the image of one row that holds the steps of ``value``."""
    return call.add(ops.Reshape, value, part="row", shape=(1, *call.shape(value)))


def as_steps(call: LayerCall, value: str) -> str:
    """Adds the steps that the image ``value`` of one row holds."""
    return call.add(ops.Reshape, value, part="steps", shape=call.shape(value)[1:])


def _geometry(layer) -> dict:
    """As of the two-dimensional layer; "causal" padding has been added before."""
    geometry = geometry_of(layer)
    padding = "valid" if layer.padding == "causal" else layer.padding
    strides, dilation = (1, *geometry["strides"]), (1, *geometry["dilation"])
    return {**geometry, "strides": strides[-2:], "dilation": dilation[-2:], "padding": padding}


def _quantized_row(layer, call: LayerCall) -> tuple[str, object]:
    """The row that meets the kernel, with the zeros of a causal padding at its begin, and the quantizer before it."""
    value, input_quantizer = quantized_input(layer, call)
    value = as_row(call, value)
    if layer.padding == "causal":
        count = (layer.kernel_size[0] - 1) * layer.dilation_rate[0]
        _, steps, channels = call.shape(value)
        pads = ((0, 0), (count, 0), (0, 0))
        value = call.add(ops.Pad, value, part="past", shape=(1, steps + count, channels), pads=pads)
    return value, input_quantizer


def _read(layer, call: LayerCall, op: type[ops.Weighted], kernel: np.ndarray, which: str = "kernel", **fields) -> str:
    value, input_quantizer = _quantized_row(layer, call)
    shape = (1, *call.output_shape(layer))
    fields = {"bias": bias_of(layer), **fields}
    value = add_linear(layer, call, op, value, kernel, which, input_quantizer=input_quantizer, shape=shape, **fields)
    return read_activation(layer.activation, call, as_steps(call, value), "activation")


def read_conv1d(layer: keras.layers.Conv1D, call: LayerCall) -> str:
    return _read(layer, call, ops.Conv2D, layer_kernel(layer)[None], groups=layer.groups, **_geometry(layer))


def read_depthwise_conv1d(layer: keras.layers.DepthwiseConv1D, call: LayerCall) -> str:
    kernel, groups = grouped(layer_kernel(layer, "depthwise")[None]), call.shape(call.inputs[0])[-1]
    return _read(layer, call, ops.Conv2D, kernel, "depthwise", groups=groups, **_geometry(layer))


def read_conv1d_transpose(layer: keras.layers.Conv1DTranspose, call: LayerCall) -> str:
    fields = {name: value for name, value in _geometry(layer).items() if name != "pad_value"}
    return _read(layer, call, ops.Conv2DTranspose, np.swapaxes(layer_kernel(layer)[None], -1, -2), **fields)


def read_separable_conv1d(layer: keras.layers.SeparableConv1D, call: LayerCall) -> str:
    value, input_quantizer = _quantized_row(layer, call)
    kernels = grouped(layer_kernel(layer, "depthwise")[None]), layer_kernel(layer, "pointwise")[None]
    shape = (1, *call.output_shape(layer))
    value = add_separable(layer, call, value, kernels, shape, input_quantizer=input_quantizer, **_geometry(layer))
    return read_activation(layer.activation, call, as_steps(call, value), "activation")


def read_locally_connected1d(layer, call: LayerCall) -> str:
    steps, _ = call.output_shape(layer)
    kernel = local_kernel(layer, (1, steps), (1, *layer.kernel_size), call.shape(call.inputs[0])[-1])
    bias = bias_of(layer)
    fields = {"strides": (1, *layer.strides), "bias": None if bias is None else bias[None]}
    return _read(layer, call, ops.LocallyConnected2D, kernel, **fields)


def read_pool1d(layer: keras.layers.MaxPooling1D | keras.layers.AveragePooling1D, call: LayerCall) -> str:
    _check_channels(layer)
    size, strides = (1, *_numbers(layer.pool_size)), (1, *_numbers(layer.strides))
    value = add_pool(layer, call, as_row(call, *call.inputs), (1, *call.output_shape(layer)), size, strides)
    return as_steps(call, value)


def read_global_pool1d(
    layer: keras.layers.GlobalMaxPooling1D | keras.layers.GlobalAveragePooling1D, call: LayerCall
) -> str:
    _check_channels(layer)
    shape = call.output_shape(layer)
    value = call.add(ops.GlobalPool, as_row(call, *call.inputs), shape=shape[-1:], kind=kind_of(layer))
    return value if len(shape) == 1 else call.add(ops.Reshape, value, part="steps", shape=shape)


def read_zero_padding1d(layer: keras.layers.ZeroPadding1D, call: LayerCall) -> str:
    pads = (tuple(layer.padding), (0, 0))
    return call.add(ops.Pad, *call.inputs, shape=call.output_shape(layer), pads=pads)


def _check_channels(layer) -> None:
    if layer.data_format != "channels_last":
        raise NotUnderstood("with its channels first")


def _numbers(size) -> tuple[int, ...]:
    return tuple(size) if isinstance(size, tuple | list) else (size,)
