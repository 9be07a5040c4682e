"""Trained scales that begin with what the first training step sees."""

from __future__ import annotations

from larq_focal.keras import keras, tf
from larq_focal.nn.keras2.quantizer import Quantizer


class MeasuredWeight:
    """A positive trained weight of a quantizer, which the first training step sets to what it measures.

    Not positive, it is measured again: a constraint keeps it from turning negative.

    Args:
        quantizer: Whose ``build`` runs.
        name: Of the weight.
        shape: Of the weight.
        initial: 0 to measure it.

    Attributes:
        weight: What is trained, of ``shape``; the value itself.
    """

    def __init__(self, quantizer: Quantizer, name: str, shape: tuple[int, ...] = (), initial: float = 0.0):
        self.weight = quantizer.add_weight(
            name=name,
            shape=shape,
            initializer=keras.initializers.Constant(initial),
            constraint="non_neg",
            autocast=False,  # to be stored in full
            aggregation="mean",  # to be stored by several replicas
        )

    @staticmethod
    def kept_weights(name: str) -> tuple[str, ...]:
        """Names of the non-trainable weights that belong to the weight of this name."""
        return ()

    def value(self, measurement: tf.Tensor, training: bool | None) -> tf.Tensor:
        """What the quantizer computes with; the gradient reaches the weight, measured or not.

        Args:
            measurement: Positive, of the shape and type of the weight.
            training: Whether this is a training step, which stores the measurement.
        """
        value = tf.where(self.weight > 0, self.weight, measurement)
        if training:
            self.weight.assign(value)
        return self.weight + tf.stop_gradient(value - self.weight)

    def reached(self) -> tf.Tensor:
        """The value that training has reached; not positive where none was measured."""
        return tf.convert_to_tensor(self.weight)
