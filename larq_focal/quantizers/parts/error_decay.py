"""The error-decay estimator: a gradient that begins wide and becomes that of the sign over training."""

from __future__ import annotations

from larq_focal.nn import Tensor, ops, with_gradient
from larq_focal.quantizers.parts.schedule import EpochSchedule, ScheduledQuantizer
from larq_focal.quantizers.parts.sign import sign


def _slope(x: Tensor, steepness: Tensor) -> Tensor:
    return ops.maximum(steepness, 1) * (1 - ops.tanh(steepness * x) ** 2)  # k t = max(1, t)


@with_gradient(_slope)
def error_decay_sign(x: Tensor, steepness: Tensor) -> Tensor:
    """The sign of ``x``, with the derivative of k tanh(t x): k t (1 - tanh(t x)^2), where k = max(1/t, 1).

    Args:
        x: Any shape.
        steepness: t, a positive scalar of the type of ``x``. It gets no gradient.
    """
    return sign(x)


class ErrorDecayQuantizer(ScheduledQuantizer):
    """Base of the quantizers with the error-decay estimator: their ``steepness`` is set by :class:`ErrorDecay`."""

    scheduled_name = "steepness"
    kept_weights = ("steepness",)

    def __init__(self, steepness: float = 0.1, **kwargs):
        super().__init__(steepness, **kwargs)

    def decaying_sign(self, x: Tensor) -> Tensor:
        return error_decay_sign(x, ops.cast(self.scheduled, x.dtype))


class ErrorDecay(EpochSchedule):
    """Raises the steepness of every quantizer with the error-decay estimator, exponentially with the epochs.

    Epoch i of N, counted from 0, trains at t = start * (end / start)^(i / N), as published: the last epoch stays one
    step below ``end``. The value of each epoch stands in the history as ``steepness``.

    Args:
        start: t of the first epoch. The paper has 0.1; its code for ResNet-20 on CIFAR-10 has 0.001.
        end: t that the schedule approaches.
        epochs: N; None takes it from ``fit``.

    Raises:
        ValueError: A steepness that is not positive, fewer epochs than one, or a model without such a quantizer.

    Source:
        https://arxiv.org/abs/1909.10788; https://github.com/htqin/IR-Net.
    """

    quantizer = ErrorDecayQuantizer
    history_name = "steepness"

    def __init__(self, start: float = 0.1, end: float = 10.0, epochs: int | None = None):
        super().__init__(start, end, epochs)

    def value(self, epoch: int) -> float:
        return self.start * (self.end / self.start) ** min(epoch / self.length, 1.0)
