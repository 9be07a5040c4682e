"""Reading the Keras layers that hold kernels, and Larq's quantized forms of them."""

from __future__ import annotations

import numpy as np

from larq_focal.keras import keras, larq, tf
from larq_focal.network import ops
from larq_focal.network.keras_activations import read_activation
from larq_focal.network.keras_builder import LayerCall
from larq_focal.network.keras_quantizers import precision, quantizer_name, read_quantizer
from larq_focal.network.kernel import FLOAT_BITS, Kernel


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
        declared_bits=(precision(input_quantizer), precision(quantizer)),
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
