"""Reading the Keras layers that normalise or scale."""

from __future__ import annotations

import numpy as np

from larq_focal.keras import keras, tf
from larq_focal.layers import L1BatchNormalization
from larq_focal.network import ops
from larq_focal.network.graph import NotUnderstood
from larq_focal.network.keras.layer_call import LayerCall

layers = keras.layers
FOLDED: tuple[ops.Constant, ...] = ("scale", "bias")
"""What inference stores of a batch normalisation."""


def read_batch_normalization(layer: layers.BatchNormalization, call: LayerCall) -> str:
    (value,) = call.inputs
    if list(layer.axis) != [layer.input_spec.ndim - 1]:
        raise NotUnderstood(f"over axis {list(layer.axis)}")
    mean, variance = layer.moving_mean.numpy(), layer.moving_variance.numpy()
    scale = tf.math.rsqrt(variance + np.float32(layer.epsilon)).numpy()
    if layer.scale:
        scale = scale * layer.gamma.numpy()
    bias = layer.beta.numpy() if layer.center else np.zeros_like(mean)
    if layer.fused:
        return call.add_affine(value, mean=mean, scale=scale, bias=bias, stored=FOLDED)
    bias = bias - mean * scale  # the order in which Keras computes then
    return call.add_affine(value, scale=scale, bias=bias, stored=FOLDED)


def read_l1_batch_normalization(layer: L1BatchNormalization, call: LayerCall) -> str:
    scale, shift = layer.folded()
    return call.add_affine(call.inputs[0], scale=scale.numpy(), bias=shift.numpy(), stored=FOLDED)


def read_normalization(layer: layers.Normalization, call: LayerCall) -> str:
    if layer.invert:
        raise NotUnderstood("inverted")
    deviation = np.maximum(np.sqrt(layer.variance), keras.backend.epsilon())
    return call.add_affine(call.inputs[0], mean=layer.mean, scale=1 / deviation)


def read_rescaling(layer: layers.Rescaling, call: LayerCall) -> str:
    return call.add_affine(call.inputs[0], scale=layer.scale, bias=layer.offset)


def read_layer_normalization(layer: layers.LayerNormalization, call: LayerCall) -> str:
    (value,) = call.inputs
    rank = len(call.shape(value))
    axes = layer.axis if isinstance(layer.axis, list | tuple) else [layer.axis]
    axes = tuple(sorted(axis - 1 if axis > 0 else axis + rank for axis in axes))
    value = call.add(ops.Standardize, value, part="standardized", axes=axes, epsilon=float(layer.epsilon))
    sizes = [call.shape(value)[axis] if axis in axes else 1 for axis in range(rank)]
    stored = tuple(name for name, has in (("scale", layer.scale), ("bias", layer.center)) if has)
    if not stored:
        return value
    gamma = layer.gamma.numpy().reshape(sizes) if layer.scale else 1.0
    beta = layer.beta.numpy().reshape(sizes) if layer.center else 0.0
    return call.add_affine(value, scale=gamma, bias=beta, stored=stored)
