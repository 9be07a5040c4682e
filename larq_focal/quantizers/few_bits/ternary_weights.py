"""Kernel quantizer with three levels, whose threshold and scale follow the weights (TWN)."""

from __future__ import annotations

from larq_focal.nn import Tensor, ops, straight_through
from larq_focal.quantizers.parts.base import Quantizer
from larq_focal.quantizers.parts.row import quantizer_row
from larq_focal.quantizers.parts.weight_statistics import Scale, check_scale, per_channel

__all__ = ["TernaryWeights", "ternary_weights"]


@straight_through
def ternary_weights(x: Tensor, delta: float = 0.7, scale: Scale = "tensor") -> Tensor:
    """+alpha where ``x > T``, -alpha where ``x < -T``, else 0. Backward, the gradient passes unchanged.

    Args:
        x: Latent weights of known shape.
        delta: T in units of mean|x|.
        scale: Mean and alpha over the tensor or over each index of the last axis; None for alpha = 1 and the mean over
            the tensor.
    """
    magnitude = ops.abs(ops.cast(x, "float32"))
    axes = per_channel(x)[0] if scale == "channel" else None
    is_kept = ops.cast(magnitude > delta * ops.mean(magnitude, axes), "float32")
    alpha = 1.0
    if scale is not None:
        alpha = ops.divide_no_nan(ops.sum(magnitude * is_kept, axes), ops.sum(is_kept, axes))
    return ops.sign(x) * ops.cast(alpha * is_kept, x.dtype)


@quantizer_row(
    values=(-1, 0, 1),
    levels="-s, 0, +s with s = mean|w| of the weights that are not 0",
    kernel="float",
    lowering="a float convolution, or two binary ones in a BinarySumConv2D",
    scales="one",
)
class TernaryWeights(Quantizer):
    """Ternary weights of TWN: the nearest ones, if the weights are normally distributed.

        T = delta * mean|w|
        alpha = mean of |w| over the weights with |w| > T
        q(w) = +alpha if w > T,  -alpha if w < -T,  else 0
        dq/dw = 1

    A :class:`~larq_focal.layers.BinarySumConv2D` with ``kernel_levels=(-1, 0, 1)`` is exactly two binary convolutions.
    In any other layer the convolution stays a float one.

    Args:
        delta: The threshold relative to the mean magnitude.
        scale: "tensor" for one T and one alpha, as published; "channel" for those of each output channel (last axis);
            None for weights of -1, 0 and +1, with one T.
        **kwargs: As for any Keras layer.

    Shapes:
        [..., output channels] in and out.

    Raises:
        ValueError: A negative delta, or an unknown scale.

    Source:
        Li, Zhang and Liu, "Ternary Weight Networks", https://arxiv.org/abs/1605.04711.
    """

    precision = 2

    def __init__(self, delta: float = 0.7, scale: Scale = "tensor", **kwargs):
        super().__init__(**kwargs)
        if not delta >= 0:
            raise ValueError(f"TernaryWeights: delta must not be negative, but is {delta}.")
        check_scale("TernaryWeights", scale)
        self.delta = delta
        self.scale = scale

    def call(self, inputs):
        return ternary_weights(inputs, self.delta, self.scale)

    def get_config(self):
        return {**super().get_config(), "delta": self.delta, "scale": self.scale}
