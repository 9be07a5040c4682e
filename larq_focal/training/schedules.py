"""The callbacks that the quantizers of a network want over its training."""

from __future__ import annotations

from larq_focal.nn import keras, sublayers
from larq_focal.quantizers import QUANTIZERS


def schedules(model: keras.Model, epochs: int) -> list[keras.callbacks.Callback]:
    """The callbacks that the model's quantizers want over a training of ``epochs`` epochs, one of each kind."""
    kinds = {row.schedule for row in QUANTIZERS if row.schedule and _holds(model, row.quantizer)}
    return [kind(epochs=epochs) for kind in sorted(kinds, key=lambda kind: kind.__name__)]


def _holds(model: keras.Model, quantizer: type[keras.layers.Layer]) -> bool:
    return any(isinstance(layer, quantizer) for layer in sublayers(model))
