"""Base of the quantizers with two levels whose surrogate has a slope."""

from __future__ import annotations

from larq_focal.quantizers.parts.base import Quantizer


class Sloped(Quantizer):
    """Base of the quantizers with two levels and a positive ``slope`` of their surrogate.

    Args:
        slope: Of the function whose derivative is the pseudo-gradient.
        **kwargs: As for any Keras layer.

    Raises:
        ValueError: A slope that is not positive.
    """

    precision = 1

    def __init__(self, slope: float, **kwargs):
        super().__init__(**kwargs)
        if not slope > 0:
            raise ValueError(f"{type(self).__name__}: slope must be positive, but is {slope}.")
        self.slope = slope

    def get_config(self):
        return {**super().get_config(), "slope": self.slope}
