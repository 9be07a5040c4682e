"""Reading the Keras layers that normalise or scale."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from larq_focal.network import ops
from larq_focal.network.graph import NotUnderstood
from larq_focal.network.keras import room
from larq_focal.network.keras.layer_call import LayerCall
from larq_focal.nn import keras

if TYPE_CHECKING:
    from larq_focal.layers import L1BatchNormalization
    from larq_focal.layers.overparameterised.parallel_normalization import ParallelNormalization

layers = keras.layers
FOLDED: tuple[ops.Constant, ...] = ("scale", "bias")
"""What inference stores of a batch normalisation."""


def read_batch_normalization(layer: layers.BatchNormalization, call: LayerCall) -> str:
    (value,) = call.inputs
    rank = layer.input_spec.ndim
    axes = [axis % rank for axis in (layer.axis if isinstance(layer.axis, list | tuple) else [layer.axis])]
    if axes != [rank - 1]:
        raise NotUnderstood(f"over axis {axes}")
    mean, variance = room.as_array(layer.moving_mean), room.as_array(layer.moving_variance)
    scale = room.rsqrt(variance + np.float32(layer.epsilon))
    if layer.scale:
        scale = scale * room.as_array(layer.gamma)
    bias = room.as_array(layer.beta) if layer.center else np.zeros_like(mean)
    if getattr(layer, "fused", False):
        return call.add_affine(value, mean=mean, scale=scale, bias=bias, stored=FOLDED)
    bias = bias - mean * scale  # the order in which Keras computes then
    return call.add_affine(value, scale=scale, bias=bias, stored=FOLDED)


def read_folded_normalization(layer: L1BatchNormalization | ParallelNormalization, call: LayerCall) -> str:
    scale, shift = layer.folded()
    return call.add_affine(call.inputs[0], scale=room.as_array(scale), bias=room.as_array(shift), stored=FOLDED)


def read_normalization(layer: layers.Normalization, call: LayerCall) -> str:
    if layer.invert:
        raise NotUnderstood("inverted")
    deviation = np.maximum(np.sqrt(room.as_array(layer.variance)), keras.backend.epsilon())
    return call.add_affine(call.inputs[0], mean=room.as_array(layer.mean), scale=1 / deviation)


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
    gamma = room.as_array(layer.gamma).reshape(sizes) if layer.scale else 1.0
    beta = room.as_array(layer.beta).reshape(sizes) if layer.center else 0.0
    return call.add_affine(value, scale=gamma, bias=beta, stored=stored)
