"""Trained scales that begin with what the first training step sees."""

from __future__ import annotations

from larq_focal.keras import tf


def measured_once(weight: tf.Variable, measurement: tf.Tensor, training: bool | None) -> tf.Tensor:
    """The value of ``weight``; as long as it is not positive, ``measurement``, which a training step stores in it.

    The gradient reaches the weight in either case. A weight that training has driven to 0 is measured again.

    Args:
        weight: A scale; 0 or less for none yet. Of aggregation MEAN, to be stored by several replicas, and without
            autocast, to be stored in full.
        measurement: Positive, of the shape and type of ``weight``.
        training: Whether this is a training step.
    """
    value = tf.where(weight > 0, weight, measurement)
    if training:
        weight.assign(value)
    return weight + tf.stop_gradient(value - weight)
