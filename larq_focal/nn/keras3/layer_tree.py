"""Layers inside of layers."""

from __future__ import annotations

import keras


def sublayers(layer: keras.layers.Layer) -> list[keras.layers.Layer]:
    """All layers inside of a model or layer, quantizers too."""
    return [*layer._flatten_layers(include_self=False)]


def calling_layer() -> None:
    """None: Keras 3 does not tell. Its quantized layers make a second quantizer for a second kernel by themselves."""
    return None
