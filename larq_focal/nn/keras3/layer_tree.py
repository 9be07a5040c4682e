"""Layers inside of layers."""

from __future__ import annotations

import keras


def sublayers(layer: keras.layers.Layer) -> list[keras.layers.Layer]:
    """All layers inside of a model or layer, quantizers too."""
    return [*layer._flatten_layers(include_self=False)]


def times_called(layer: keras.layers.Layer, model: keras.Model) -> int:
    """How often a functional or sequential model calls one of its layers."""
    network = getattr(model, "_functional", None) or model  # Keras builds a Sequential again with each layer added
    return sum(node.operation is layer for nodes in network._nodes_by_depth.values() for node in nodes)


def calling_layer() -> None:
    """None: Keras 3 does not tell. Its quantized layers make a second quantizer for a second kernel by themselves."""
    return None
