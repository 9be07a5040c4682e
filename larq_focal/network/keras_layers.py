"""Reading Keras layers, one function per layer class; Larq's layers are read as what they inherit from."""

from __future__ import annotations

from functools import singledispatch

import numpy as np

from larq_focal.keras import keras, larq, tf
from larq_focal.network import ops
from larq_focal.network.keras_builder import LayerCall
from larq_focal.network.keras_quantizers import is_quantizer, precision, quantizer_name, read_quantizer
from larq_focal.network.kernel import FLOAT_BITS, Kernel

layers = keras.layers


@singledispatch
def read_layer(layer: layers.Layer, call: LayerCall) -> str:
    """Adds the operations of ``layer`` and returns the name of the value that it produces."""
    return call.add(ops.Unknown, *call.inputs, shape=_output_shape(layer, call), kind=type(layer).__name__)


def _output_shape(layer, call) -> ops.Shape:
    return tuple(layer.compute_output_shape((None, *call.shape(call.inputs[0]))))[1:]


def _weights(layer, attribute: str) -> np.ndarray:
    """The weights that the layer computes with: quantized if it has a quantizer for them."""
    with larq.context.quantized_scope(True):
        return tf.convert_to_tensor(getattr(layer, attribute)).numpy()


def _kernel(values: np.ndarray, quantizer) -> Kernel:
    if quantizer is None:
        return Kernel(values.astype(np.float32), None, FLOAT_BITS)
    return Kernel.from_values(values, max_levels=2 ** max(4, min(precision(quantizer) or 0, 8)))


def _linear(layer, call: LayerCall, op: type[ops.Linear], values: np.ndarray, quantizer, **fields) -> str:
    """What layers of one kernel share: input quantizer, kernel, bias and activation."""
    input_quantizer = getattr(layer, "input_quantizer", None)
    value = call.inputs[0]
    if input_quantizer is not None:
        value = read_quantizer(input_quantizer, call, value, "input_quantizer")
    value = call.add(
        op,
        value,
        shape=_output_shape(layer, call),
        kernel=_kernel(values, quantizer),
        bias=layer.bias.numpy() if layer.use_bias else None,
        input_quantizer=quantizer_name(input_quantizer),
        kernel_quantizer=quantizer_name(quantizer),
        declared_bits=(precision(input_quantizer), precision(quantizer)),
        **fields,
    )
    return read_activation(layer.activation, call, value, "activation")


def _convolution(layer) -> dict:
    return {
        "strides": tuple(layer.strides),
        "dilation": tuple(layer.dilation_rate),
        "padding": layer.padding,
        "pad_value": float(keras.backend.get_value(getattr(layer, "pad_values", 0.0))),
    }


@read_layer.register
def _(layer: layers.Conv2D, call):
    quantizer = getattr(layer, "kernel_quantizer", None)
    return _linear(
        layer, call, ops.Conv2D, _weights(layer, "kernel"), quantizer, groups=layer.groups, **_convolution(layer)
    )


@read_layer.register
def _(layer: layers.Dense, call):
    return _linear(layer, call, ops.Dense, _weights(layer, "kernel"), getattr(layer, "kernel_quantizer", None))


@read_layer.register
def _(layer: layers.BatchNormalization, call):
    epsilon = np.float32(layer.epsilon)
    mean, variance = layer.moving_mean.numpy(), layer.moving_variance.numpy()
    scale = tf.math.rsqrt(variance + epsilon).numpy()
    if layer.scale:
        scale = scale * layer.gamma.numpy()
    bias = layer.beta.numpy() if layer.center else np.zeros_like(mean)
    if not layer.fused:  # Keras then computes x * scale + (bias - mean * scale)
        mean, bias = np.zeros_like(mean), bias - mean * scale
    return call.add(ops.Affine, call.inputs[0], mean=mean, scale=scale, bias=bias)


def _pool(layer, call, kind):
    return call.add(
        ops.Pool2D,
        call.inputs[0],
        shape=_output_shape(layer, call),
        kind=kind,
        size=tuple(layer.pool_size),
        strides=tuple(layer.strides),
        padding=layer.padding,
    )


@read_layer.register
def _(layer: layers.MaxPooling2D, call):
    return _pool(layer, call, "max")


@read_layer.register
def _(layer: layers.AveragePooling2D, call):
    return _pool(layer, call, "average")


@read_layer.register(layers.Flatten)
@read_layer.register(layers.Reshape)
def _(layer, call):
    return call.add(ops.Reshape, call.inputs[0], shape=_output_shape(layer, call))


@read_layer.register
def _(layer: layers.Activation, call):
    return read_activation(layer.activation, call, call.inputs[0])


@read_layer.register(larq.quantizers.Quantizer)
def _(layer, call):
    return read_quantizer(layer, call, call.inputs[0])


_ACTIVATIONS = {
    keras.activations.relu: "relu",
    keras.activations.softmax: "softmax",
    keras.activations.sigmoid: "sigmoid",
    keras.activations.hard_sigmoid: "hard_sigmoid",
    keras.activations.tanh: "tanh",
    larq.activations.hard_tanh: "relu_n1_to_1",
}


def read_activation(function, call: LayerCall, value: str, part: str = "") -> str:
    """Adds an activation function, as found in ``Activation`` or in a layer's ``activation``."""
    if function is None or function is keras.activations.linear:
        return value
    if is_quantizer(function):
        return read_quantizer(function, call, value, part)
    if function in _ACTIVATIONS:
        return call.add(ops.Activation, value, part=part, kind=_ACTIVATIONS[function])
    return call.add(ops.Unknown, value, part=part, kind=f"activation {getattr(function, '__name__', function)}")
