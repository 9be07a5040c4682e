"""Reading Keras layers, one function per class; Larq's layers are read as what they inherit from."""

from __future__ import annotations

from functools import singledispatch

import numpy as np

from larq_focal.keras import keras, larq, tf
from larq_focal.layers import L1BatchNormalization, LogGradient, RPReLU, XnorConv2D
from larq_focal.network import keras_linear, ops
from larq_focal.network.graph import NotUnderstood
from larq_focal.network.keras_activations import read_activation
from larq_focal.network.keras_builder import LayerCall, defines_its_own
from larq_focal.network.keras_functions import read_function
from larq_focal.network.keras_quantizers import read_quantizer

layers = keras.layers


def read_layer(layer: layers.Layer, call: LayerCall) -> list[str]:
    """Adds the operations of ``layer`` and returns the names of the values that it produces.

    Raises:
        ValueError: the layer has its channels first.
    """
    if getattr(layer, "data_format", None) == "channels_first":
        raise ValueError(f"The layer '{call.path}' has its channels first; build it with data_format='channels_last'.")
    read = _read_unlisted if defines_its_own(layer, "call", "convolution_op") else _read
    count = len(call.builder.ops)
    try:
        return tf.nest.flatten(read(layer, call))
    except NotUnderstood as reason:
        call.builder.truncate(count)
        return _unknown(layer, call, f"{type(layer).__name__} ({reason})")


def _unknown(layer, call: LayerCall, kind: str) -> list[str]:
    shapes = [tuple(output.shape)[1:] for output in tf.nest.flatten(call.node.outputs)]
    if len(shapes) == 1 and None in shapes[0]:  # within a model for any input size
        shapes = [call.output_shape(layer)]
    return [call.add(ops.Unknown, *call.inputs, shape=shape, kind=kind) for shape in shapes]


def _read_unlisted(layer, call: LayerCall) -> list[str]:
    """Other layers (``Lambda``, TensorFlow operations between layers, a user's own) are read by tracing them."""
    tensors = call.node.keras_inputs
    places = {id(tensor): place for place, tensor in enumerate(tensors)}

    def function(*traced):
        def replaced(leaf):
            return traced[places[id(leaf)]] if id(leaf) in places else leaf

        arguments, keywords = tf.nest.map_structure(replaced, (call.node.call_args, call.node.call_kwargs))
        return layer.call(*arguments, **keywords)

    return read_function(function, call, call.inputs, [tensor.dtype for tensor in tensors])


_read = singledispatch(_read_unlisted)


_read.register(layers.Conv2D, keras_linear.read_conv2d)
_read.register(layers.DepthwiseConv2D, keras_linear.read_depthwise_conv2d)
_read.register(layers.SeparableConv2D, keras_linear.read_separable_conv2d)
_read.register(layers.Dense, keras_linear.read_dense)


@_read.register
def _(layer: layers.Conv2DTranspose, call):
    raise NotUnderstood("a transposed convolution")  # it inherits from Conv2D, but is none


@_read.register
def _(layer: XnorConv2D, call):
    product = keras_linear.read_conv2d(layer, call)
    return call.add(ops.Multiply, product, keras_linear.add_magnitude_map(layer, call), part="scaled")


@_read.register
def _(layer: layers.BatchNormalization, call):
    (value,) = call.inputs
    if list(layer.axis) != [len(call.shape(value))]:
        raise NotUnderstood(f"over axis {list(layer.axis)}")
    mean, variance = layer.moving_mean.numpy(), layer.moving_variance.numpy()
    scale = tf.math.rsqrt(variance + np.float32(layer.epsilon)).numpy()
    if layer.scale:
        scale = scale * layer.gamma.numpy()
    bias = layer.beta.numpy() if layer.center else np.zeros_like(mean)
    if layer.fused:
        return call.add_affine(value, mean=mean, scale=scale, bias=bias)
    return call.add_affine(value, scale=scale, bias=bias - mean * scale)  # the order in which Keras computes then


@_read.register
def _(layer: L1BatchNormalization, call):
    scale, shift = layer.folded()
    return call.add_affine(call.inputs[0], scale=scale.numpy(), bias=shift.numpy())


@_read.register
def _(layer: layers.Normalization, call):
    if layer.invert:
        raise NotUnderstood("inverted")
    deviation = np.maximum(np.sqrt(layer.variance), keras.backend.epsilon())
    return call.add_affine(call.inputs[0], mean=layer.mean, scale=1 / deviation)


@_read.register
def _(layer: layers.Rescaling, call):
    return call.add_affine(call.inputs[0], scale=layer.scale, bias=layer.offset)


@_read.register(layers.MaxPooling2D)
@_read.register(layers.AveragePooling2D)
def _(layer, call):
    return call.add(
        ops.Pool2D,
        *call.inputs,
        shape=call.output_shape(layer),
        kind="max" if isinstance(layer, layers.MaxPooling2D) else "average",
        size=tuple(layer.pool_size),
        strides=tuple(layer.strides),
        padding=layer.padding,
    )


@_read.register(layers.GlobalMaxPooling2D)
@_read.register(layers.GlobalAveragePooling2D)
def _(layer, call):
    kind = "max" if isinstance(layer, layers.GlobalMaxPooling2D) else "average"
    return call.add(ops.GlobalPool, *call.inputs, shape=call.output_shape(layer), kind=kind, keep_dims=layer.keepdims)


@_read.register(layers.Add)
@_read.register(layers.Multiply)
def _(layer, call):
    op = ops.Add if isinstance(layer, layers.Add) else ops.Multiply
    return call.add(op, *call.inputs, shape=call.output_shape(layer))


@_read.register
def _(layer: layers.Concatenate, call):
    shape = call.output_shape(layer)
    axis = layer.axis if layer.axis < 0 else layer.axis - 1 - len(shape)
    return call.add(ops.Concat, *call.inputs, shape=shape, axis=axis)


@_read.register(layers.Flatten)
@_read.register(layers.Reshape)
def _(layer, call):
    return call.add(ops.Reshape, *call.inputs, shape=call.output_shape(layer))


@_read.register
def _(layer: layers.ZeroPadding2D, call):
    pads = (*map(tuple, layer.padding), (0, 0))
    return call.add(ops.Pad, *call.inputs, shape=call.output_shape(layer), pads=pads)


@_read.register(layers.ActivityRegularization)
@_read.register(layers.AlphaDropout)
@_read.register(layers.Dropout)
@_read.register(layers.GaussianDropout)
@_read.register(layers.GaussianNoise)
@_read.register(layers.RandomBrightness)
@_read.register(layers.RandomContrast)
@_read.register(layers.RandomFlip)
@_read.register(layers.RandomRotation)
@_read.register(layers.RandomTranslation)
@_read.register(layers.RandomZoom)
def _(layer, call):
    return call.inputs[0]  # does nothing in inference


@_read.register(larq.quantizers.Quantizer)
def _(layer, call):
    return read_quantizer(layer, call, call.inputs[0])


@_read.register
def _(layer: layers.Activation, call):
    return read_activation(layer.activation, call, call.inputs[0])


@_read.register
def _(layer: layers.ReLU, call):
    high = np.inf if layer.max_value is None else float(layer.max_value)
    if layer.threshold or (layer.negative_slope and high < np.inf):
        raise NotUnderstood("with a threshold, or with a slope and a limit")
    if layer.negative_slope:
        slope = np.float32(layer.negative_slope)
        return call.add(ops.Activation, *call.inputs, kind="leaky_relu", alpha=slope)
    return call.add_clip(call.inputs[0], 0, high)


@_read.register
def _(layer: layers.LeakyReLU, call):
    return call.add(ops.Activation, *call.inputs, kind="leaky_relu", alpha=np.float32(layer.alpha))


@_read.register
def _(layer: layers.PReLU, call):
    alpha = layer.alpha.numpy()
    if alpha.size == alpha.shape[-1]:
        alpha = alpha.reshape(-1)
    return call.add(ops.Activation, *call.inputs, kind="prelu", alpha=alpha)


@_read.register
def _(layer: RPReLU, call):
    shifted = call.add_affine(call.inputs[0], mean=layer.shift_in.numpy(), part="shift_in")
    slope = layer.slope.numpy()
    value = call.add(ops.Activation, shifted, part="prelu", kind="prelu", alpha=slope)
    return call.add_affine(value, bias=layer.shift_out.numpy())


@_read.register
def _(layer: LogGradient, call):
    (value,) = _read_unlisted(layer, call)
    if layer.bits == 1:
        return value
    levels, boundaries = np.float32([-1, 0, 1]), np.float32([-0.5, 0.5])  # the sum of two signs has two bits
    return call.add(ops.Quantize, value, shape=call.shape(value), levels=levels, boundaries=boundaries)


@_read.register
def _(layer: layers.Softmax, call):
    if layer.axis not in (-1, len(call.shape(call.inputs[0]))):
        raise NotUnderstood(f"over axis {layer.axis}")
    return call.add(ops.Activation, *call.inputs, kind="softmax")
