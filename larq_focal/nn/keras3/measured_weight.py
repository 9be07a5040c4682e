"""Trained scales that begin with what the first training step sees."""

from __future__ import annotations

from typing import Any

import keras
from keras import ops

from larq_focal.nn.keras3.quantizer import Quantizer


class MeasuredWeight:
    """A positive trained weight of a quantizer, which the first training step sets to what it measures.

    Where it is not positive, it is measured again. JAX keeps no change of a trained weight but the optimizer's. So the
    value is a sum: what was measured, a weight that is not trained, and what training has added to it.

    Args:
        quantizer: Whose ``build`` runs.
        name: Of the weight.
        shape: Of the weight.
        initial: 0 to measure it.

    Attributes:
        weight: What is trained, of ``shape``; added to what was measured.
    """

    def __init__(self, quantizer: Quantizer, name: str, shape: tuple[int, ...] = (), initial: float = 0.0):
        self.weight = quantizer.add_weight(
            name=name, shape=shape, initializer=keras.initializers.Constant(initial), autocast=False
        )
        (measured,) = self.kept_weights(name)
        self.measured = quantizer.add_weight(
            name=measured, shape=shape, initializer="zeros", trainable=False, autocast=False, aggregation="mean"
        )

    @staticmethod
    def kept_weights(name: str) -> tuple[str, ...]:
        """Names of the non-trainable weights that belong to the weight of this name."""
        return (f"measured_{name}",)

    def value(self, measurement: Any, training: bool | None) -> Any:
        """What the quantizer computes with; the gradient reaches the weight, measured or not.

        Args:
            measurement: Positive, of the shape and type of the weight.
            training: Whether this is a training step, which stores the measurement.
        """
        trained, reached = ops.convert_to_tensor(self.weight), self.reached()
        value = ops.stop_gradient(ops.where(reached > 0, reached, measurement))
        constant = ops.stop_gradient(trained)
        if training:
            self.measured.assign(value - constant)
        return value + (trained - constant)

    def reached(self) -> Any:
        """The value that training has reached; not positive where none was measured."""
        return ops.convert_to_tensor(self.weight) + ops.convert_to_tensor(self.measured)
