"""Kernel quantizer of IR-Net: balanced signs, scaled by a power of two."""

from __future__ import annotations

from larq_focal.nn import Tensor, ops
from larq_focal.quantizers.parts.error_decay import ErrorDecayQuantizer
from larq_focal.quantizers.parts.row import quantizer_row
from larq_focal.quantizers.parts.weight_statistics import per_channel, standardize

__all__ = ["LibraSign"]


def power_of_two_scale(standardized: Tensor) -> Tensor:
    """2^s with s = round(log2(mean|w|)) for each index of the last axis; 1 where all weights are 0. No gradient."""
    axes, _ = per_channel(standardized)
    magnitude = ops.mean(ops.abs(standardized), axes)
    magnitude = ops.where(magnitude > 0, magnitude, ops.ones_like(magnitude))
    shift = ops.round(ops.log(magnitude) / ops.log(ops.convert_to_tensor(2, magnitude.dtype)))
    return ops.stop_gradient(2**shift)


@quantizer_row(
    levels="-2^s, +2^s with s = round(log2(mean|v|)) of the standardized weights v of each output channel",
    kernel="packed",
    scales="channel",
)
class LibraSign(ErrorDecayQuantizer):
    """Binary weights of IR-Net (Libra parameter binarization), with its error-decay estimator.

    For each output channel (last axis) with n latent weights w:

        v = (w - mean(w)) / std(w)        (the variance is the sum of squares by n - 1)
        q(w) = 2^s * (+1 if v >= 0 else -1),  s = round(log2(mean|v|))

    Backward, dq/dv = 2^s k t (1 - tanh(t v)^2) with k = max(1/t, 1), and on through the mean and the deviation; s is a
    constant. :class:`ErrorDecay` moves t. A channel of equal weights has v = 0 and s = 0.

    The weights of a normal distribution have mean|v| = 0.80 and so s = 0: a scale other than 1 takes a distribution
    with few large weights. Scaling a kernel or adding a constant to it leaves q(w) as it is, so ``weight_clip``
    serves no purpose here.

    Args:
        steepness: t at the start, a non-trainable weight.
        **kwargs: As for any Keras layer.

    Shapes:
        [..., output channels] in and out.

    Raises:
        ValueError: A steepness that is not positive.

    Source:
        Qin et al., "Forward and Backward Information Retention for Accurate Binary Neural Networks", CVPR 2020,
        https://arxiv.org/abs/1909.10788; https://github.com/htqin/IR-Net.
    """

    precision = 1

    def call(self, inputs):
        standardized, _ = standardize(inputs, degrees_of_freedom=1)
        return ops.cast(power_of_two_scale(standardized) * self.decaying_sign(standardized), inputs.dtype)
