"""Reading Keras layers, one function per class; Larq's layers are read as what they inherit from."""

from __future__ import annotations

from collections.abc import Callable
from functools import singledispatch

import numpy as np

from larq_focal.layers import L1BatchNormalization, LogGradient, RPReLU, XnorConv2D
from larq_focal.layers.overparameterised.branched_conv import BranchedConv2D
from larq_focal.layers.overparameterised.parallel_normalization import ParallelNormalization
from larq_focal.network import ops
from larq_focal.network.graph import NotUnderstood
from larq_focal.network.keras import activation_layers, distributed, linear, normalizations, pooling, room, sequences
from larq_focal.network.keras.kernels import stored_weights
from larq_focal.network.keras.layer_call import LayerCall
from larq_focal.network.keras.node import Node
from larq_focal.network.keras.quantizers import read_quantizer
from larq_focal.network.keras.unknown import layer_macs
from larq_focal.network.keras.user_classes import defines_its_own
from larq_focal.network.keras.xnor import add_magnitude_map
from larq_focal.nn import keras

layers = keras.layers


def read_layer(layer: layers.Layer, call: LayerCall) -> list[str]:
    """Adds the operations of ``layer`` and returns the names of the values that it produces.

    Raises:
        NotUnderstood: it has no operation; ``add_unknown`` adds what can be told of it. Nothing is added then.
        ValueError: the layer has its channels first.
    """
    if getattr(layer, "data_format", None) == "channels_first":
        raise ValueError(f"The layer '{call.path}' has its channels first; build it with data_format='channels_last'.")
    read = read_traced if not is_listed(layer) or _has_constants(call.node) else _read
    count = len(call.builder)
    try:
        return room.flatten(read(layer, call))
    except NotUnderstood:
        call.builder.truncate(count)
        raise


def is_listed(layer: layers.Layer) -> bool:
    """Whether the layer is of a class that has its reader here."""
    return not defines_its_own(layer, "call", "convolution_op") and _read.dispatch(type(layer)) is not read_traced


def _has_constants(node: Node) -> bool:
    """Whether a layer is called on numbers beside symbolic tensors, which are not among the inputs."""
    leaves = room.flatten((node.arguments, node.keywords))
    return any(hasattr(leaf, "shape") and not room.is_symbolic(leaf) for leaf in leaves)


def add_unknown(layer: layers.Layer, call: LayerCall, reason: NotUnderstood) -> list[str]:
    """Adds what is known of a layer without an operation: its shapes, weights and multiply-accumulates."""
    shapes = [tuple(output.shape)[1:] for output in call.node.outputs]
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
    return room.read_function(*_as_function(layer, call), call)


def _as_function(layer: layers.Layer, call: LayerCall) -> tuple[Callable, list[str]]:
    """What the layer computes as a function of the tensors that it is called on, and their types."""
    tensors = call.node.inputs
    places = {id(tensor): place for place, tensor in enumerate(tensors)}

    def function(*traced):
        def replaced(leaf):
            return traced[places[id(leaf)]] if id(leaf) in places else leaf

        arguments, keywords = room.map_structure(replaced, (call.node.arguments, call.node.keywords))
        return layer.call(*arguments, **keywords)

    return function, [room.dtype_name(tensor) for tensor in tensors]


_read = singledispatch(read_traced)


def _not_understood(layer, call):
    raise NotUnderstood


def _read_nothing(layer, call):
    """Of layers that do nothing in inference."""
    return call.inputs[0]


_READERS = {
    "Conv1D": sequences.read_conv1d,
    "Conv1DTranspose": sequences.read_conv1d_transpose,
    "Conv2D": linear.read_conv2d,
    "Conv2DTranspose": linear.read_conv2d_transpose,
    "Conv3D": linear.read_conv3d,
    "DepthwiseConv1D": sequences.read_depthwise_conv1d,
    "DepthwiseConv2D": linear.read_depthwise_conv2d,
    "LocallyConnected1D": sequences.read_locally_connected1d,
    "LocallyConnected2D": linear.read_locally_connected2d,
    "SeparableConv1D": sequences.read_separable_conv1d,
    "SeparableConv2D": linear.read_separable_conv2d,
    "Dense": linear.read_dense,
    "EinsumDense": linear.read_einsum_dense,
    "Embedding": linear.read_embedding,
    "BatchNormalization": normalizations.read_batch_normalization,
    "LayerNormalization": normalizations.read_layer_normalization,
    "Normalization": normalizations.read_normalization,
    "Rescaling": normalizations.read_rescaling,
    "MaxPooling2D": pooling.read_pool2d,
    "AveragePooling2D": pooling.read_pool2d,
    "GlobalMaxPooling2D": pooling.read_global_pool2d,
    "GlobalAveragePooling2D": pooling.read_global_pool2d,
    "MaxPooling1D": sequences.read_pool1d,
    "AveragePooling1D": sequences.read_pool1d,
    "GlobalMaxPooling1D": sequences.read_global_pool1d,
    "GlobalAveragePooling1D": sequences.read_global_pool1d,
    "ZeroPadding1D": sequences.read_zero_padding1d,
    "Activation": activation_layers.read_activation_layer,
    "LeakyReLU": activation_layers.read_leaky_relu_layer,
    "PReLU": activation_layers.read_prelu_layer,
    "ReLU": activation_layers.read_relu_layer,
    "Softmax": activation_layers.read_softmax_layer,
    # These inherit from layers that they are not.
    **dict.fromkeys(("Conv3DTranspose", "ConvLSTM1D", "ConvLSTM2D", "ConvLSTM3D"), _not_understood),
    **dict.fromkeys(("RNN", "Bidirectional"), _not_understood),
    **dict.fromkeys(("ActivityRegularization", "AlphaDropout", "Dropout", "GaussianDropout"), _read_nothing),
    **dict.fromkeys(("GaussianNoise", "RandomBrightness", "RandomContrast", "RandomFlip"), _read_nothing),
    **dict.fromkeys(("RandomRotation", "RandomTranslation", "RandomZoom"), _read_nothing),
}
"""By names of Keras' classes; Keras 3 does not have all of them."""
_classes = {getattr(layers, name): reader for name, reader in _READERS.items() if hasattr(layers, name)}
_READERS_OF_OURS = {
    BranchedConv2D: linear.read_branched_conv2d,
    L1BatchNormalization: normalizations.read_folded_normalization,
    ParallelNormalization: normalizations.read_folded_normalization,
    RPReLU: activation_layers.read_rprelu_layer,
}
for _class, _reader in (_classes | _READERS_OF_OURS).items():
    _read.register(_class, _reader)


@_read.register
def _(layer: layers.TimeDistributed, call):
    return distributed.read_time_distributed(layer, call, _read)


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


@_read.register(room.AnyQuantizer)
def _(layer, call):
    return read_quantizer(layer, call, call.inputs[0])


@_read.register
def _(layer: XnorConv2D, call):
    product = linear.read_conv2d(layer, call)
    return call.add(ops.Multiply, product, add_magnitude_map(layer, call), part="scaled")


@_read.register
def _(layer: LogGradient, call):
    (value,) = read_traced(layer, call)
    if layer.bits == 1:
        return value
    levels, boundaries = np.float32([-1, 0, 1]), np.float32([-0.5, 0.5])  # the sum of two signs has two bits
    return call.add(ops.Quantize, value, shape=call.shape(value), levels=levels, boundaries=boundaries)
