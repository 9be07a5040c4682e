"""The base of quantizers on Keras 3."""

from __future__ import annotations

from typing import Any, ClassVar

import keras


class Quantizer(keras.layers.Layer):
    """A layer from a tensor to one of the same shape with few values.

    Without Keras' own cast: in a layer of the policy "mixed_bfloat16" a quantizer of another policy would turn one
    operand of the product to another type.

    Args:
        **kwargs: As for any Keras layer.
    """

    precision: ClassVar[int | None] = None
    """Bits of its values; None where they are not counted."""

    def __init__(self, **kwargs):
        super().__init__(**{"autocast": False, **kwargs})

    def build(self, input_shape):
        self.built = True

    def compute_output_shape(self, input_shape) -> Any:
        return input_shape

    @property
    def counts_its_loss(self) -> bool:
        """Whether this training step has a loss of the quantizer already: it counts once, however often it is read."""
        return bool(self._get_own_losses())
