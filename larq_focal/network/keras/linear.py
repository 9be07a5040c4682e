"""Reading the Keras layers that hold kernels, and Larq's quantized forms of them."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np

from larq_focal.network import ops
from larq_focal.network.graph import NotUnderstood
from larq_focal.network.keras import room
from larq_focal.network.keras.activations import read_activation
from larq_focal.network.keras.kernels import layer_kernel, quantized_kernel
from larq_focal.network.keras.layer_call import LayerCall
from larq_focal.network.keras.quantizers import precision, quantizer_name, read_quantizer
from larq_focal.nn import keras

if TYPE_CHECKING:
    from larq_focal.layers.overparameterised.branched_conv import BranchedConv2D


def declared_input_bits(layer: keras.layers.Layer, quantizer: Callable | None) -> int | None:
    """The bits of a layer's inputs: what their quantizer claims, else the layer itself."""
    return getattr(layer, "input_bits", None) if quantizer is None else precision(quantizer)


def grouped(depthwise: np.ndarray) -> np.ndarray:
    """A depthwise kernel ``[..., in, multiplier]`` as that of a grouped convolution, ``[..., 1, in * multiplier]``."""
    return depthwise.reshape(*depthwise.shape[:-2], 1, -1)


def add_linear(layer, call, op, value, values, which="kernel", *, input_quantizer=None, **fields) -> str:
    """Adds the product of ``value`` with one of the kernels of ``layer``, whose values are ``values``."""
    quantizer = getattr(layer, f"{which}_quantizer", None)
    return call.add(
        op,
        value,
        kernel=quantized_kernel(values, quantizer),
        input_quantizer=quantizer_name(input_quantizer),
        kernel_quantizer=quantizer_name(quantizer),
        declared_bits=(declared_input_bits(layer, input_quantizer), precision(quantizer)),
        **fields,
    )


def read_linear(layer, call, op, values, which="kernel", **fields) -> str:
    """A layer of one kernel, with its input quantizer, bias and activation."""
    value, input_quantizer = quantized_input(layer, call)
    if "shape" not in fields:
        fields["shape"] = call.output_shape(layer)
    fields = {"bias": bias_of(layer), **fields}
    value = add_linear(layer, call, op, value, values, which, input_quantizer=input_quantizer, **fields)
    return read_activation(layer.activation, call, value, "activation")


def quantized_input(layer, call: LayerCall) -> tuple[str, object]:
    """The value that meets the kernel, and the quantizer that made it."""
    quantizer = getattr(layer, "input_quantizer", None)
    (value,) = call.inputs
    return (value if quantizer is None else read_quantizer(quantizer, call, value, "input_quantizer")), quantizer


def bias_of(layer) -> np.ndarray | None:
    return room.as_array(layer.bias) if layer.use_bias else None


def geometry_of(layer) -> dict:
    return {
        "strides": tuple(layer.strides),
        "dilation": tuple(layer.dilation_rate),
        "padding": layer.padding,
        "pad_value": float(room.as_array(getattr(layer, "pad_values", 0.0))),
    }


def read_conv2d(layer: keras.layers.Conv2D, call: LayerCall) -> str:
    return read_linear(layer, call, ops.Conv2D, layer_kernel(layer), groups=layer.groups, **geometry_of(layer))


def read_branched_conv2d(layer: BranchedConv2D, call: LayerCall) -> str:
    kernel, bias = map(room.as_array, layer.folded())
    return call.add(
        ops.Conv2D,
        call.inputs[0],
        kernel=quantized_kernel(kernel, None),
        bias=bias,
        strides=layer.strides,
        padding="same",
        shape=call.output_shape(layer),
    )


def read_conv3d(layer: keras.layers.Conv3D, call: LayerCall) -> str:
    return read_linear(layer, call, ops.Conv3D, layer_kernel(layer), groups=layer.groups, **geometry_of(layer))


def read_depthwise_conv2d(layer: keras.layers.DepthwiseConv2D, call: LayerCall) -> str:
    kernel, groups = grouped(layer_kernel(layer, "depthwise")), call.shape(call.inputs[0])[-1]
    return read_linear(layer, call, ops.Conv2D, kernel, "depthwise", groups=groups, **geometry_of(layer))


def read_conv2d_transpose(layer: keras.layers.Conv2DTranspose, call: LayerCall) -> str:
    fields = {name: value for name, value in geometry_of(layer).items() if name != "pad_value"}
    return read_linear(layer, call, ops.Conv2DTranspose, np.swapaxes(layer_kernel(layer), -1, -2), **fields)


def read_locally_connected2d(layer, call: LayerCall) -> str:
    shape, channels = call.output_shape(layer), call.shape(call.inputs[0])[-1]
    kernel = local_kernel(layer, shape[:2], tuple(layer.kernel_size), channels)
    return read_linear(layer, call, ops.LocallyConnected2D, kernel, strides=tuple(layer.strides))


def local_kernel(layer, pixels: ops.Pair, size: ops.Pair, channels: int) -> np.ndarray:
    """The kernels of a locally connected layer, ``[oh, ow, kh, kw, in, out]``."""
    if layer.implementation != 1:
        raise NotUnderstood(f"in its implementation {layer.implementation}")
    return layer_kernel(layer).reshape(*pixels, *size, channels, layer.filters)


def read_separable_conv2d(layer: keras.layers.SeparableConv2D, call: LayerCall) -> str:
    value, input_quantizer = quantized_input(layer, call)
    kernels = grouped(layer_kernel(layer, "depthwise")), layer_kernel(layer, "pointwise")
    value = add_separable(
        layer, call, value, kernels, call.output_shape(layer), input_quantizer=input_quantizer, **geometry_of(layer)
    )
    return read_activation(layer.activation, call, value, "activation")


def add_separable(layer, call, value, kernels, shape, *, input_quantizer, **geometry) -> str:
    """Adds the depthwise and the pointwise convolution of a separable layer, which has no other name for the second."""
    depthwise, pointwise = kernels
    *pixels, filters = shape
    value = add_linear(
        layer,
        call,
        ops.Conv2D,
        value,
        depthwise,
        "depthwise",
        part="depthwise",
        input_quantizer=input_quantizer,
        shape=(*pixels, depthwise.shape[-1]),
        groups=call.shape(value)[-1],
        **geometry,
    )
    return add_linear(
        layer, call, ops.Conv2D, value, pointwise, "pointwise", bias=bias_of(layer), shape=(*pixels, filters)
    )


def read_dense(layer: keras.layers.Dense, call: LayerCall) -> str:
    return read_linear(layer, call, ops.Dense, layer_kernel(layer))


def read_einsum_dense(layer: keras.layers.EinsumDense, call: LayerCall) -> str:
    """A dense layer over several axes: the last ones of the input go, those of the kernel come."""
    (value,), shape = call.inputs, call.shape(call.inputs[0])
    inputs, kernel_axes = layer.equation.split("->")[0].split(",")
    result = layer.equation.split("->")[1]
    kept = next((count for count, pair in enumerate(zip(inputs, result, strict=False)) if len(set(pair)) > 1), 0)
    kept = kept or min(len(inputs), len(result))
    gone, come = inputs[kept:], result[kept:]
    if kernel_axes != gone + come or not kept or set(gone) & set(come):
        raise NotUnderstood(f"of the equation {layer.equation}")
    kernel = layer_kernel(layer)
    sizes = kernel.shape[: len(gone)], kernel.shape[len(gone) :]
    rows, columns = int(np.prod(sizes[0])), int(np.prod(sizes[1]))
    positions = shape[: kept - 1]
    bias = None if layer.bias is None else room.as_array(layer.bias)
    if bias is not None:
        if bias.shape != sizes[1]:
            raise NotUnderstood("with a bias that is not one for each output")
        bias = bias.reshape(columns)
    if len(gone) != 1:
        value = call.add(ops.Reshape, value, part="flat", shape=(*positions, rows))
    value = call.add(
        ops.Dense,
        value,
        kernel=quantized_kernel(kernel.reshape(rows, columns), None),
        bias=bias,
        shape=(*positions, columns),
    )
    if len(come) != 1:
        value = call.add(ops.Reshape, value, part="axes", shape=(*positions, *sizes[1]))
    return read_activation(layer.activation, call, value, "activation")


def read_embedding(layer: keras.layers.Embedding, call: LayerCall) -> str:
    kernel = quantized_kernel(room.as_array(layer.embeddings).astype(np.float32), None)
    return call.add(ops.Embedding, *call.inputs, kernel=kernel, shape=(*call.shape(call.inputs[0]), kernel.shape[-1]))
