"""Reading ``TimeDistributed``: one layer at every step is the same layer over more positions."""

from __future__ import annotations

from collections.abc import Callable

from larq_focal.network import ops
from larq_focal.network.graph import NotUnderstood
from larq_focal.network.keras.kernels import layer_kernel
from larq_focal.network.keras.layer_call import LayerCall
from larq_focal.network.keras.linear import geometry_of, grouped, read_linear
from larq_focal.network.keras.user_classes import defines_its_own
from larq_focal.nn import keras

layers = keras.layers

_ALIKE = (
    layers.Activation,
    layers.BatchNormalization,
    layers.Dense,
    layers.Dropout,
    layers.LeakyReLU,
    layers.ReLU,
    layers.Rescaling,
)
"""Layers that treat all positions alike, so that the steps are only more of them."""


def read_time_distributed(layer: layers.TimeDistributed, call: LayerCall, read: Callable) -> str:
    """Adds the operations of the inner layer over all steps; ``read`` reads a layer where steps are positions."""
    inner = layer.layer
    if defines_its_own(inner, "call", "convolution_op"):
        raise NotUnderstood(f"of {type(inner).__name__}")
    shape = call.output_shape(layer)
    if isinstance(inner, layers.Conv2DTranspose):
        raise NotUnderstood("of a transposed convolution")
    if isinstance(inner, layers.DepthwiseConv2D):
        groups = call.shape(call.inputs[0])[-1]
        return _conv(inner, call, grouped(layer_kernel(inner, "depthwise")), "depthwise", shape=shape, groups=groups)
    if isinstance(inner, layers.Conv2D):
        return _conv(inner, call, layer_kernel(inner), shape=shape, groups=inner.groups)
    if isinstance(inner, layers.Flatten | layers.Reshape):
        return call.add(ops.Reshape, *call.inputs, shape=shape)
    if isinstance(inner, _ALIKE):
        return read(inner, call)
    raise NotUnderstood(f"of {type(inner).__name__}")


def _conv(layer, call: LayerCall, kernel, which: str = "kernel", **fields) -> str:
    """A convolution whose kernel reaches over one step."""
    geometry = geometry_of(layer)
    geometry |= {"strides": (1, *geometry["strides"]), "dilation": (1, *geometry["dilation"])}
    return read_linear(layer, call, ops.Conv3D, kernel[None], which, **geometry, **fields)
