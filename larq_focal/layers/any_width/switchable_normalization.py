"""A batch normalisation for each bit width."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from larq_focal.layers.any_width.width_scope import checked_widths, present_width
from larq_focal.nn import Layer, keras, register


@register()
class SwitchableNormalization(Layer):
    """Batch normalisation with statistics, gamma and beta of its own for each bit width.

    Sums of few-bit products have another distribution in each width, and one set of statistics fits none.

    Args:
        widths: Bits, each from 1 to 8.
        momentum: Of the moving averages.
        epsilon: Added to the variance.
        **kwargs: As for any Keras layer.

    Shapes:
        [batch, ..., channels] in and out.

    Raises:
        ValueError: Widths that are not different numbers from 1 to 8; or, computing, a scope of another width.

    Source:
        Yu, Li, Shi, Li, Wen and Shi, "Any-Precision Deep Neural Networks", AAAI 2021,
        https://arxiv.org/abs/1911.07346; Du, Zhang and Guan, "From Quantized DNNs to Quantizable DNNs",
        https://arxiv.org/abs/2004.05284.
    """

    def __init__(
        self, widths: Sequence[int] = (8, 4, 2, 1), momentum: float = 0.99, epsilon: float = 1e-3, **kwargs: Any
    ):
        super().__init__(**kwargs)
        self.widths = checked_widths("SwitchableNormalization", widths)
        self.momentum = momentum
        self.epsilon = epsilon
        options = {"momentum": momentum, "epsilon": epsilon, "dtype": kwargs.get("dtype")}
        self.normalizations = [
            keras.layers.BatchNormalization(**options, name=f"normalization_{bits}") for bits in self.widths
        ]

    def build(self, input_shape):
        for each in self.normalizations:
            each.build(input_shape)
        super().build(input_shape)

    def call(self, inputs, training=None):
        place = present_width(f"The SwitchableNormalization {self.name!r}", self.widths)
        return self.normalizations[place](inputs, training=training)

    def compute_output_shape(self, input_shape):
        return tuple(input_shape)

    def get_config(self):
        config = {"widths": list(self.widths), "momentum": self.momentum, "epsilon": self.epsilon}
        return {**super().get_config(), **config}
