"""Kernel quantizer of BNN+: signs times a learned scale, to which the latent weights are drawn."""

from __future__ import annotations

from larq_focal.nn import MeasuredWeight, ops, swish_sign
from larq_focal.quantizers.parts.base import Quantizer
from larq_focal.quantizers.parts.binary_regularizer import BinaryRegularizer, best_scale
from larq_focal.quantizers.parts.channels import fix_channels
from larq_focal.quantizers.parts.row import quantizer_row

__all__ = ["BnnPlusSign"]


@quantizer_row(
    levels="-s, +s with a learned s for each output channel",
    kernel="packed",
    scales="channel",
    needs_clip=True,
)
class BnnPlusSign(Quantizer):
    """Binary weights with a learned scale for each output channel, the derivative of SignSwish, and the regularizer.

        q(w) = alpha * (+1 if w >= 0 else -1)
        dq/dw = alpha * b (2 - b w tanh(b w / 2)) / (1 + cosh(b w))
        dq/dalpha = +1 if w >= 0 else -1
        R(w, alpha) = strength * sum |alpha - |w||^p

    alpha (one for each index of the last axis) is trained by the loss of the network and by R, a loss of this layer.
    It begins with the value of least R at the first training step, the median of |w| for p = 1 and the mean for p = 2,
    and is kept from turning negative; at 0 it is measured again.

    The parts by themselves: Larq's ``swish_sign``, and :class:`BinaryRegularizer` with an alpha that is not trained.

    Args:
        beta: b, the steepness of SignSwish.
        strength: Weight of R in the loss, not negative.
        p: 1 or 2.
        **kwargs: As for any Keras layer.

    Shapes:
        [..., output channels] in and out.

    Raises:
        ValueError: A beta that is not positive, a negative strength, a p that is neither 1 nor 2, or use for a kernel
            of another number of channels.

    Source:
        Darabi et al., "Regularized Binary Network Training", https://arxiv.org/abs/1812.11800.
    """

    precision = 1
    trained_weights = ("alpha",)
    kept_weights = MeasuredWeight.kept_weights("alpha")

    def __init__(self, beta: float = 5.0, strength: float = 1e-6, p: int = 1, **kwargs):
        super().__init__(**kwargs)
        if not beta > 0:
            raise ValueError(f"BnnPlusSign: beta must be positive, but is {beta}.")
        BinaryRegularizer(strength, p)  # refuses others
        self.beta = beta
        self.strength = strength
        self.p = p

    def build(self, input_shape):
        self.channels = fix_channels(self, input_shape)
        self.learned_alpha = MeasuredWeight(self, "alpha", (self.channels,))
        self.alpha = self.learned_alpha.weight
        super().build(input_shape)

    def call(self, inputs, training=None):
        magnitude = ops.cast(ops.abs(inputs), self.alpha.dtype)
        best = ops.stop_gradient(best_scale(magnitude, self.p))
        alpha = self.learned_alpha.value(ops.where(best > 0, best, ops.ones_like(best)), training)
        if not self.counts_its_loss:
            self.add_loss(self.strength * ops.sum(ops.abs(alpha - magnitude) ** self.p))
        return ops.cast(alpha, inputs.dtype) * swish_sign(inputs, self.beta)

    def get_config(self):
        return {**super().get_config(), "beta": self.beta, "strength": self.strength, "p": self.p}
