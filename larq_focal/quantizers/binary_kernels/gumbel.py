"""Kernel quantizer that samples binary weights in training (binary concrete)."""

from __future__ import annotations

from larq_focal.nn import Tensor, ops, with_gradient
from larq_focal.quantizers.parts.gumbel import GumbelQuantizer
from larq_focal.quantizers.parts.row import quantizer_row
from larq_focal.quantizers.parts.sign import sign

__all__ = ["GumbelSign", "gumbel_sign"]


def _slope(x: Tensor, temperature: Tensor, logit_scale: float = 1.0, noise: Tensor | None = None) -> Tensor:
    y = ops.sigmoid(_perturbed(x, logit_scale, noise) * (logit_scale / temperature))
    return (2 * logit_scale / temperature) * y * (1 - y)


def _perturbed(x: Tensor, logit_scale: float, noise: Tensor | None) -> Tensor:
    """The noise is scaled, not x, so that without noise the converter sees the plain sign."""
    return x if noise is None else x + noise / logit_scale


@with_gradient(_slope)
def gumbel_sign(x: Tensor, temperature: Tensor, logit_scale: float = 1.0, noise: Tensor | None = None) -> Tensor:
    """The sign of ``logit_scale * x + noise``, with the derivative of its relaxation by ``temperature``.

    Forward +1 or -1; with logistic noise, +1 has the probability sigmoid(logit_scale * x), at every temperature.
    Backward, with y = sigmoid((logit_scale * x + noise) / temperature), the derivative of 2 y - 1:
    2 logit_scale / temperature * y * (1 - y).

    Args:
        x: Latent weights, any shape.
        temperature: Positive scalar.
        logit_scale: Positive; what turns a latent weight into a log-odds.
        noise: Logistic noise of the shape of ``x``, or None for none.
    """
    return sign(_perturbed(x, logit_scale, noise))


@quantizer_row(
    values=(-1, 1),
    kernel="packed",
    lowering="kernel packed; the noise exists in training only",
    needs_clip=True,
    reading="sign",
)
class GumbelSign(GumbelQuantizer):
    """Binary weights sampled in training: the binary concrete distribution with a hard forward pass.

    In training, with latent weight w, logit l = logit_scale * w, logistic noise n and temperature t:

        q(w) = +1 if l + n >= 0 else -1,  so that P(q = +1) = sigmoid(l)
        dq/dw = logit_scale * 2/t * y * (1 - y),  y = sigmoid((l + n) / t)

    In inference there is no noise: q(w) = +1 if w >= 0 else -1. Normalisations that were trained with the noise want
    their statistics again then, by :func:`larq_focal.training.recalibrate_normalisations`.

    Args:
        temperature: t at the start. Lower makes the derivative narrower and higher; the sampling does not depend on it.
        logit_scale: Log-odds per unit of latent weight. Latent kernels are small against 1 (and clipped to 1 by Larq's
            ``weight_clip``), so that at a scale of 1 most weights stay close to coin flips, a weight of 0.1 with
            P(+1) = 0.52, and little is learned. At the default of 30 it has P(+1) = 0.95.
        seed: Of the noise. Instances of one seed draw the same noise, so give each layer its own. None takes one from
            Python's ``random``, which ``keras.utils.set_random_seed`` seeds.
        **kwargs: As for any Keras layer.

    Shapes:
        Any; the same in and out.

    Raises:
        ValueError: A temperature or logit scale that is not positive.

    Source:
        Maddison, Mnih and Teh, "The Concrete Distribution", https://arxiv.org/abs/1611.00712; Jang, Gu and Poole,
        "Categorical Reparameterization with Gumbel-Softmax", https://arxiv.org/abs/1611.01144.
    """

    precision = 1

    def __init__(self, temperature: float = 1.0, logit_scale: float = 30.0, seed: int | None = None, **kwargs):
        super().__init__(temperature, seed, **kwargs)
        if not logit_scale > 0:
            raise ValueError(f"GumbelSign: logit_scale must be positive, but is {logit_scale}.")
        self.logit_scale = logit_scale

    def call(self, inputs, training=None):
        noise = self.noise(inputs, training)
        return gumbel_sign(inputs, ops.cast(self.scheduled, inputs.dtype), self.logit_scale, noise)

    def get_config(self):
        return {**super().get_config(), "logit_scale": self.logit_scale}
