"""Layers inside of layers."""

from __future__ import annotations

from larq_focal.keras import calling_layer, keras

__all__ = ["calling_layer", "sublayers"]


def sublayers(layer: keras.layers.Layer) -> list[keras.layers.Layer]:
    """All layers inside of a model or layer, quantizers too."""
    return [module for module in layer.submodules if isinstance(module, keras.layers.Layer)]
