"""Reading the Keras layers that hold kernels, and Larq's quantized forms of them."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from larq_focal.keras import keras, larq, tf
from larq_focal.layers import XnorConv2D
from larq_focal.network import ops
from larq_focal.network.keras_activations import read_activation
from larq_focal.network.keras_builder import LayerCall
from larq_focal.network.keras_quantizers import precision, quantizer_name, read_quantizer
from larq_focal.network.kernel import FLOAT_BITS, Kernel


def declared_input_bits(layer: keras.layers.Layer, quantizer: Callable | None) -> int | None:
    """The bits of a layer's inputs: what their quantizer claims, else the layer itself."""
    return getattr(layer, "input_bits", None) if quantizer is None else precision(quantizer)


def _weights(layer, attribute: str) -> np.ndarray:
    """The weights that the layer computes with: quantized if it has a quantizer for them."""
    with larq.context.quantized_scope(True):
        return tf.convert_to_tensor(getattr(layer, attribute)).numpy().astype(np.float32)


def _kernel(values: np.ndarray, quantizer) -> Kernel:
    if quantizer is None:
        return Kernel(values, None, FLOAT_BITS)
    return Kernel.from_values(values, max_levels=2 ** max(4, min(precision(quantizer) or 0, 8)))


def _add_linear(layer, call, op, value, which="kernel", *, input_quantizer=None, **fields) -> str:
    """Adds a product with one of the kernels of ``layer``: ``which`` is "kernel", "depthwise" or "pointwise"."""
    values = _weights(layer, which if which == "kernel" else f"{which}_kernel")
    if which == "depthwise":  # [kh, kw, in, multiplier] becomes the kernel of a grouped convolution
        values = values.reshape(*values.shape[:2], 1, -1)
    quantizer = getattr(layer, f"{which}_quantizer", None)
    return call.add(
        op,
        value,
        kernel=_kernel(values, quantizer),
        input_quantizer=quantizer_name(input_quantizer),
        kernel_quantizer=quantizer_name(quantizer),
        declared_bits=(declared_input_bits(layer, input_quantizer), precision(quantizer)),
        **fields,
    )


def _linear(layer, call, op, which="kernel", **fields) -> str:
    """A layer of one kernel, with its input quantizer, bias and activation."""
    value, input_quantizer = _quantized_input(layer, call)
    shape = call.output_shape(layer)
    value = _add_linear(
        layer, call, op, value, which, input_quantizer=input_quantizer, bias=_bias(layer), shape=shape, **fields
    )
    return read_activation(layer.activation, call, value, "activation")


def _quantized_input(layer, call: LayerCall) -> tuple[str, object]:
    """The value that meets the kernel, and the quantizer that made it."""
    quantizer = getattr(layer, "input_quantizer", None)
    (value,) = call.inputs
    return (value if quantizer is None else read_quantizer(quantizer, call, value, "input_quantizer")), quantizer


def _bias(layer) -> np.ndarray | None:
    return layer.bias.numpy() if layer.use_bias else None


def _geometry(layer) -> dict:
    return {
        "strides": tuple(layer.strides),
        "dilation": tuple(layer.dilation_rate),
        "padding": layer.padding,
        "pad_value": float(keras.backend.get_value(getattr(layer, "pad_values", 0.0))),
    }


def read_conv2d(layer: keras.layers.Conv2D, call: LayerCall) -> str:
    return _linear(layer, call, ops.Conv2D, groups=layer.groups, **_geometry(layer))


def read_depthwise_conv2d(layer: keras.layers.DepthwiseConv2D, call: LayerCall) -> str:
    groups = call.shape(call.inputs[0])[-1]
    return _linear(layer, call, ops.Conv2D, "depthwise", groups=groups, **_geometry(layer))


def read_separable_conv2d(layer: keras.layers.SeparableConv2D, call: LayerCall) -> str:
    value, input_quantizer = _quantized_input(layer, call)
    *pixels, filters = call.output_shape(layer)
    groups = call.shape(value)[-1]
    value = _add_linear(
        layer,
        call,
        ops.Conv2D,
        value,
        "depthwise",
        part="depthwise",
        input_quantizer=input_quantizer,
        shape=(*pixels, groups * layer.depth_multiplier),
        groups=groups,
        **_geometry(layer),
    )
    value = _add_linear(layer, call, ops.Conv2D, value, "pointwise", bias=_bias(layer), shape=(*pixels, filters))
    return read_activation(layer.activation, call, value, "activation")


def read_dense(layer: keras.layers.Dense, call: LayerCall) -> str:
    return _linear(layer, call, ops.Dense)


def add_magnitude_map(layer: XnorConv2D, call: LayerCall) -> str:
    """Adds the map that scales an XNOR-Net convolution: the mean over the channels of each group, then over windows.

    Channels lie side by side, so that their mean is a pooling of an image of one row for each pixel. The map has one
    channel, or with groups one for each output channel.
    """
    (value,) = call.inputs
    height, width, channels = call.shape(value)
    pixels, groups, copies = height * width, layer.groups, layer.filters // layer.groups

    def add(op, value, part, shape, **fields):
        return call.add(op, value, part=part, shape=shape, **fields)

    def add_mean(value, part, shape, size, strides):
        fields = {"kind": "average", "size": size, "strides": strides, "padding": "valid"}
        return add(ops.Pool2D, value, part, shape, **fields)

    value = add(ops.Activation, value, "magnitude", (height, width, channels), kind="abs")
    value = add(ops.Reshape, value, "rows", (pixels, channels, 1))
    row = (1, channels // groups)
    value = add_mean(value, "channel_mean", (pixels, groups, 1), row, row)
    value = add(ops.Reshape, value, "mean_magnitude", (height, width, groups))
    if layer.padding == "same":
        pads = (*layer.padding_of((height, width)), (0, 0))
        height, width = height + sum(pads[0]), width + sum(pads[1])
        value = add(ops.Pad, value, "border", (height, width, groups), pads=pads)
    height, width, _ = call.output_shape(layer)
    value = add_mean(value, "map", (height, width, groups), tuple(layer.kernel_size), tuple(layer.strides))
    if groups == 1:
        return value
    value = add(ops.Reshape, value, "groups", (height, width, groups, 1))
    value = call.add(ops.Concat, *[value] * copies, part="copies", shape=(height, width, groups, copies), axis=-1)
    return add(ops.Reshape, value, "map_of_outputs", (height, width, layer.filters))
