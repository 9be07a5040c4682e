"""Layers inside of layers."""

from __future__ import annotations

from larq_focal.keras import calling_layer, keras

__all__ = ["calling_layer", "sublayers", "times_called"]


def sublayers(layer: keras.layers.Layer) -> list[keras.layers.Layer]:
    """All layers inside of a model or layer, quantizers too."""
    return [module for module in layer.submodules if isinstance(module, keras.layers.Layer)]


def times_called(layer: keras.layers.Layer, model: keras.Model) -> int:
    """How often a functional or sequential model calls one of its layers."""
    return len(layer.inbound_nodes)
