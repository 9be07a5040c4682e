"""Kernel quantizer that brings back the weights in the tails, where the sign would never flip (ReCU)."""

from __future__ import annotations

import math

from larq_focal.nn import Tensor, is_within, ops, with_gradient
from larq_focal.quantizers.parts.row import quantizer_row
from larq_focal.quantizers.parts.schedule import EpochSchedule, ScheduledQuantizer
from larq_focal.quantizers.parts.sign import sign
from larq_focal.quantizers.parts.weight_statistics import standardize

__all__ = ["ReCUSign", "ReCUTau"]


def laplace_quantile(mean_magnitude: Tensor, tau: Tensor) -> Tensor:
    """The ``tau``-quantile of the Laplace distribution about 0 with this mean magnitude, for tau of 0.5 and more."""
    return -mean_magnitude * ops.log(2 - 2 * tau)


@with_gradient(is_within)
def rectified_sign(x: Tensor, limit: Tensor) -> Tensor:
    """The sign of ``x``, with the derivative of ``x`` clamped to ``limit`` either side: 1 where |x| <= limit."""
    return sign(x)


@quantizer_row(
    alias="recu_sign",
    values=(-1, 1),
    kernel="packed",
    lowering="kernel packed; the clamp only shapes the gradient",
    differs="the source multiplies the convolution by a trained scale for each channel, left to the normalisation here",
)
class ReCUSign(ScheduledQuantizer):
    """Binary weights with the rectified clamp unit (ReCU), which brings back weights that lie far from 0.

    The latent weights w of each output channel (last axis) are standardized, to the deviation of a Laplace distribution
    of mean magnitude 2, and clamped to the tau-quantile of that distribution about 0:

        v = 2 sqrt(2) (w - mean(w)) / std(w)    (the variance is the sum of squares by n - 1)
        Q = -mean|v| ln(2 - 2 tau)              (the mean over the whole kernel)
        q(w) = +1 if clamp(v, -Q, Q) >= 0 else -1

    Backward, dq/dv = 1 where |v| <= Q and 0 elsewhere, and on through the mean and the deviation; Q is a constant.
    :class:`ReCUTau` moves tau.

    The source multiplies the convolution by a trained scale for each channel. It is left out: the batch normalization
    after the convolution has one.

    Args:
        tau: At the start, above 0.5 and at most 1; at 1 nothing is clamped. A non-trainable weight.
        **kwargs: As for any Keras layer.

    Shapes:
        [..., output channels] in and out.

    Raises:
        ValueError: A tau out of range.

    Source:
        Xu et al., "ReCU: Reviving the Dead Weights in Binary Neural Networks", ICCV 2021,
        https://arxiv.org/abs/2103.12369; https://github.com/z-hXu/ReCU.
    """

    precision = 1
    scheduled_name = "tau"
    kept_weights = ("tau",)

    def __init__(self, tau: float = 0.85, **kwargs):
        super().__init__(tau, **kwargs)
        _check_tau("ReCUSign: tau", tau)

    def call(self, inputs):
        standardized, _ = standardize(inputs, degrees_of_freedom=1)
        v = math.sqrt(8) * standardized
        limit = laplace_quantile(ops.mean(ops.abs(v)), ops.cast(self.scheduled, v.dtype))
        return ops.cast(rectified_sign(v, limit), inputs.dtype)


class ReCUTau(EpochSchedule):
    """Raises tau of every :class:`ReCUSign` in a model, from ``start`` to ``end``.

    Epoch i of N, counted from 0, trains at tau = start + (end - start) (e^(i / N) - 1) / (e - 1), as published. The
    value of each epoch stands in the history as ``recu_tau``.

    Args:
        start: tau of the first epoch.
        end: tau that the schedule approaches.
        epochs: N; None takes it from ``fit``.

    Raises:
        ValueError: A tau that is not above 0.5 and at most 1, fewer epochs than one, or a model without a ReCUSign.

    Source:
        https://github.com/z-hXu/ReCU (``cifar/main.py``, with the values of its README).
    """

    quantizer = ReCUSign
    history_name = "recu_tau"

    def __init__(self, start: float = 0.85, end: float = 0.99, epochs: int | None = None):
        super().__init__(start, end, epochs)
        _check_tau("ReCUTau: start", start)
        _check_tau("ReCUTau: end", end)

    def value(self, epoch: int) -> float:
        progress = min(epoch / self.length, 1.0)
        return self.start + (self.end - self.start) * math.expm1(progress) / math.expm1(1)


def _check_tau(name: str, tau: float) -> None:
    if not 0.5 < tau <= 1:
        raise ValueError(f"{name} must be above 0.5 and at most 1, but is {tau}.")
