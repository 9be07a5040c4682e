"""Activation quantizer with three levels, in a form that the converters take for what it is."""

from __future__ import annotations

from larq_focal.nn import Tensor, is_within, ops, with_gradient
from larq_focal.quantizers.parts.base import Quantizer
from larq_focal.quantizers.parts.row import quantizer_row

__all__ = ["TernarySign", "ternary_sign"]


@with_gradient(lambda x, threshold: is_within(x, 1))
def ternary_sign(x: Tensor, threshold: Tensor) -> Tensor:
    """+1 where ``x > threshold``, -1 where ``x < -threshold``, else 0.

    Backward, the gradient passes where |x| <= 1.

    Args:
        x: Any shape.
        threshold: Not negative, broadcasts against ``x``; a constant to the gradient.
    """
    one, zero = ops.ones((), x.dtype), ops.zeros((), x.dtype)
    return ops.where(x > threshold, one, ops.where(x < -threshold, -one, zero))


@quantizer_row(
    values=(-1, 0, 1),
    activation="float",
    lowering="a float convolution, or two binary ones in a BinarySumConv2D",
    reading="steps",
)
class TernarySign(Quantizer):
    """Ternary activations (TBN) with a fixed threshold, or one that follows the magnitude of each sample.

        T = delta * mean|x|         (of each sample; or the given threshold)
        q(x) = +1 if x > T,  -1 if x < -T,  else 0
        dq/dx = 1 if |x| <= 1 else 0

    A :class:`~larq_focal.layers.BinarySumConv2D` with these inputs is exactly two binary convolutions. In any other
    layer the convolution stays a float one. (Larq's ``ste_tern`` is taken for a sign there, silently.)

    Args:
        delta: The threshold relative to the mean magnitude. At 0.4 three of four normally distributed values are not 0.
        threshold: A fixed threshold in its place.
        **kwargs: As for any Keras layer.

    Shapes:
        [batch, ...] in and out.

    Raises:
        ValueError: A negative delta or threshold.

    Source:
        Wan, Shen, Liu, Zhu, Qin, Shao and Shen, "TBN: Convolutional Neural Network with Ternary Inputs and Binary
        Weights", ECCV 2018.
    """

    precision = 2

    def __init__(self, delta: float = 0.4, threshold: float | None = None, **kwargs):
        super().__init__(**kwargs)
        for name, value in {"delta": delta, "threshold": threshold}.items():
            if value is not None and not value >= 0:
                raise ValueError(f"TernarySign: {name} must not be negative, but is {value}.")
        self.delta = delta
        self.threshold = threshold

    def call(self, inputs):
        threshold = self.threshold
        if threshold is None:
            axes = tuple(range(1, len(inputs.shape)))
            threshold = self.delta * ops.mean(ops.abs(inputs), axes, keepdims=True)
        return ternary_sign(inputs, ops.cast(threshold, inputs.dtype))

    def get_config(self):
        return {**super().get_config(), "delta": self.delta, "threshold": self.threshold}
