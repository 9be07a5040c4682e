"""The base of quantizers: Larq's, whose weights are made as in Keras 3."""

from __future__ import annotations

from larq_focal.keras import larq
from larq_focal.nn.keras2.layer import Layer


class Quantizer(Layer, larq.quantizers.Quantizer):
    """A quantizer of Larq whose ``add_weight`` takes the arguments of Keras 3.

    Without Keras' own cast: in a layer of the policy "mixed_bfloat16" a quantizer of another policy would turn one
    operand of the product to another type.
    """

    def __init__(self, **kwargs):
        super().__init__(**{"autocast": False, **kwargs})

    @property
    def counts_its_loss(self) -> bool:
        """Whether this training step has a loss of the quantizer already: it counts once, however often it is read."""
        return bool(self._eager_losses)
