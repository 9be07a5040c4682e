"""Layers whose weights are made as in Keras 3."""

from __future__ import annotations

from typing import Any

from larq_focal.keras import keras, tf

_AGGREGATIONS: dict[str, dict[str, Any]] = {
    "none": {},
    "mean": {"aggregation": tf.VariableAggregation.MEAN},
    "only_first_replica": {
        "synchronization": tf.VariableSynchronization.ON_READ,
        "aggregation": tf.VariableAggregation.ONLY_FIRST_REPLICA,
    },
}


class Layer(keras.layers.Layer):
    """A layer whose ``add_weight`` takes the arguments of Keras 3, by keywords."""

    def add_weight(self, *, autocast: bool = True, aggregation: str = "none", **kwargs) -> tf.Variable:
        return super().add_weight(**kwargs, experimental_autocast=autocast, **_AGGREGATIONS[aggregation])
