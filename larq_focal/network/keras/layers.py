"""Reading Keras layers, one function per class; Larq's layers are read as what they inherit from."""

from __future__ import annotations

from collections.abc import Callable
from functools import singledispatch

import numpy as np

from larq_focal.keras import keras, larq, tf
from larq_focal.layers import L1BatchNormalization, LogGradient, RPReLU, XnorConv2D
from larq_focal.network import ops
from larq_focal.network.graph import NotUnderstood
from larq_focal.network.keras import activation_layers, distributed, linear, normalizations, sequences
from larq_focal.network.keras.keras2.functions import read_function
from larq_focal.network.keras.kernels import stored_weights
from larq_focal.network.keras.layer_call import LayerCall
from larq_focal.network.keras.quantizers import read_quantizer
from larq_focal.network.keras.unknown import layer_macs
from larq_focal.network.keras.user_classes import defines_its_own
from larq_focal.network.keras.xnor import add_magnitude_map

layers = keras.layers


def read_layer(layer: layers.Layer, call: LayerCall) -> list[str]:
    """Adds the operations of ``layer`` and returns the names of the values that it produces.

    Raises:
        NotUnderstood: it has no operation; ``add_unknown`` adds what can be told of it. Nothing is added then.
        ValueError: the layer has its channels first.
    """
    if getattr(layer, "data_format", None) == "channels_first":
        raise ValueError(f"The layer '{call.path}' has its channels first; build it with data_format='channels_last'.")
    read = read_traced if defines_its_own(layer, "call", "convolution_op") else _read
    count = len(call.builder)
    try:
        return tf.nest.flatten(read(layer, call))
    except NotUnderstood:
        call.builder.truncate(count)
        raise


def is_listed(layer: layers.Layer) -> bool:
    """Whether the layer is of a class that has its reader here."""
    return not defines_its_own(layer, "call", "convolution_op") and _read.dispatch(type(layer)) is not read_traced


def add_unknown(layer: layers.Layer, call: LayerCall, reason: NotUnderstood) -> list[str]:
    """Adds what is known of a layer without an operation: its shapes, weights and multiply-accumulates."""
    shapes = [tuple(output.shape)[1:] for output in tf.nest.flatten(call.node.outputs)]
    if len(shapes) == 1 and None in shapes[0]:  # within a model for any input size
        shapes = [call.output_shape(layer)]
    kind = type(layer).__name__ if f"{reason}" == "" else f"{type(layer).__name__} ({reason})"
    weights, macs = stored_weights(layer), layer_macs(layer, call, *_as_function(layer, call))
    names = []
    for shape in shapes:  # the first output stands for the whole layer
        names.append(call.add(ops.Unknown, *call.inputs, shape=shape, kind=kind, weights=weights, macs_by_bits=macs))
        weights, macs = weights and (), macs and ()
    return names


def read_traced(layer: layers.Layer, call: LayerCall) -> list[str]:
    """Other layers (``Lambda``, TensorFlow operations between layers, a user's own) are read by tracing them."""
    return read_function(*_as_function(layer, call), call)


def _as_function(layer: layers.Layer, call: LayerCall) -> tuple[Callable, list]:
    """What the layer computes as a function of the tensors that it is called on, and their types."""
    tensors = call.node.keras_inputs
    places = {id(tensor): place for place, tensor in enumerate(tensors)}

    def function(*traced):
        def replaced(leaf):
            return traced[places[id(leaf)]] if id(leaf) in places else leaf

        arguments, keywords = tf.nest.map_structure(replaced, (call.node.call_args, call.node.call_kwargs))
        return layer.call(*arguments, **keywords)

    return function, [tensor.dtype for tensor in tensors]


_read = singledispatch(read_traced)

_READERS = {
    layers.Conv1D: sequences.read_conv1d,
    layers.Conv1DTranspose: sequences.read_conv1d_transpose,
    layers.Conv2D: linear.read_conv2d,
    layers.Conv2DTranspose: linear.read_conv2d_transpose,
    layers.Conv3D: linear.read_conv3d,
    layers.DepthwiseConv1D: sequences.read_depthwise_conv1d,
    layers.DepthwiseConv2D: linear.read_depthwise_conv2d,
    layers.LocallyConnected1D: sequences.read_locally_connected1d,
    layers.LocallyConnected2D: linear.read_locally_connected2d,
    layers.SeparableConv1D: sequences.read_separable_conv1d,
    layers.SeparableConv2D: linear.read_separable_conv2d,
    layers.Dense: linear.read_dense,
    layers.EinsumDense: linear.read_einsum_dense,
    layers.Embedding: linear.read_embedding,
    layers.BatchNormalization: normalizations.read_batch_normalization,
    L1BatchNormalization: normalizations.read_l1_batch_normalization,
    layers.LayerNormalization: normalizations.read_layer_normalization,
    layers.Normalization: normalizations.read_normalization,
    layers.Rescaling: normalizations.read_rescaling,
    layers.MaxPooling1D: sequences.read_pool1d,
    layers.AveragePooling1D: sequences.read_pool1d,
    layers.GlobalMaxPooling1D: sequences.read_global_pool1d,
    layers.GlobalAveragePooling1D: sequences.read_global_pool1d,
    layers.ZeroPadding1D: sequences.read_zero_padding1d,
    layers.Activation: activation_layers.read_activation_layer,
    layers.LeakyReLU: activation_layers.read_leaky_relu_layer,
    layers.PReLU: activation_layers.read_prelu_layer,
    layers.ReLU: activation_layers.read_relu_layer,
    RPReLU: activation_layers.read_rprelu_layer,
    layers.Softmax: activation_layers.read_softmax_layer,
}
for _class, _reader in _READERS.items():
    _read.register(_class, _reader)


@_read.register(layers.Conv3DTranspose)  # they inherit from layers that they are not
@_read.register(layers.ConvLSTM1D)
@_read.register(layers.ConvLSTM2D)
@_read.register(layers.ConvLSTM3D)
@_read.register(layers.RNN)
@_read.register(layers.Bidirectional)
def _(layer, call):
    raise NotUnderstood


@_read.register
def _(layer: layers.TimeDistributed, call):
    return distributed.read_time_distributed(layer, call, _read)


@_read.register
def _(layer: XnorConv2D, call):
    product = linear.read_conv2d(layer, call)
    return call.add(ops.Multiply, product, add_magnitude_map(layer, call), part="scaled")


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
def _(layer: LogGradient, call):
    (value,) = read_traced(layer, call)
    if layer.bits == 1:
        return value
    levels, boundaries = np.float32([-1, 0, 1]), np.float32([-0.5, 0.5])  # the sum of two signs has two bits
    return call.add(ops.Quantize, value, shape=call.shape(value), levels=levels, boundaries=boundaries)
