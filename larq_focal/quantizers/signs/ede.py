"""The sign, with the error-decay estimator."""

from __future__ import annotations

from larq_focal.quantizers.parts.error_decay import ErrorDecayQuantizer
from larq_focal.quantizers.parts.row import quantizer_row

__all__ = ["EdeSign"]


@quantizer_row(values=(-1, 1), kernel="packed", activation="packed", needs_clip=True, reading="sign")
class EdeSign(ErrorDecayQuantizer):
    """The sign with the error-decay estimator of IR-Net.

    Forward, q(x) = +1 if x >= 0 else -1. Backward, with k = max(1/t, 1):

        dq/dx = k t (1 - tanh(t x)^2)

    At t = 0.1 that is close to the identity, at t = 10 to the derivative of the sign. :class:`ErrorDecay` moves t.

    Args:
        steepness: t at the start, a non-trainable weight.
        **kwargs: As for any Keras layer.

    Shapes:
        Any; the same in and out.

    Raises:
        ValueError: A steepness that is not positive.

    Source:
        Qin et al., "Forward and Backward Information Retention for Accurate Binary Neural Networks", CVPR 2020,
        https://arxiv.org/abs/1909.10788; https://github.com/htqin/IR-Net.
    """

    precision = 1

    def call(self, inputs):
        return self.decaying_sign(inputs)
