"""The base of quantizers: Larq's, whose weights are made as in Keras 3."""

from __future__ import annotations

from typing import Any

from larq_focal.keras import larq, tf

_AGGREGATIONS: dict[str, dict[str, Any]] = {
    "none": {},
    "mean": {"aggregation": tf.VariableAggregation.MEAN},
    "only_first_replica": {
        "synchronization": tf.VariableSynchronization.ON_READ,
        "aggregation": tf.VariableAggregation.ONLY_FIRST_REPLICA,
    },
}


class Quantizer(larq.quantizers.Quantizer):
    """A quantizer of Larq whose ``add_weight`` takes the arguments of Keras 3.

    Without Keras' own cast: in a layer of the policy "mixed_bfloat16" a quantizer of another policy would turn one
    operand of the product to another type.
    """

    def __init__(self, **kwargs):
        super().__init__(**{"autocast": False, **kwargs})

    def add_weight(self, *, autocast: bool = True, aggregation: str = "none", **kwargs) -> tf.Variable:
        """As in Keras 3, by keywords."""
        return super().add_weight(**kwargs, experimental_autocast=autocast, **_AGGREGATIONS[aggregation])

    @property
    def counts_its_loss(self) -> bool:
        """Whether this training step has a loss of the quantizer already: it counts once, however often it is read."""
        return bool(self._eager_losses)
