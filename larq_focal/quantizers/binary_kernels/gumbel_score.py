"""Kernel quantizer that samples each weight by scores of how near the levels are."""

from __future__ import annotations

from larq_focal.nn import Tensor, ops, straight_through
from larq_focal.quantizers.parts.gumbel_score import GumbelScoreQuantizer, level_score, precise
from larq_focal.quantizers.parts.row import quantizer_row
from larq_focal.quantizers.parts.sign import sign

__all__ = ["GumbelScoreSign", "score_logit"]


def score_logit(x: Tensor, temperature: Tensor, max_temperature: float = 3.0, score_scale: float = 300.0) -> Tensor:
    """Log-odds of +1 against -1: the :func:`level_score` of +1 less that of -1, with the same arguments."""
    plus, minus = (level_score(x, level, temperature, max_temperature, score_scale) for level in (1, -1))
    return plus - minus


@straight_through
def noisy_sign(x: Tensor, logit: Tensor, noise: Tensor) -> Tensor:
    """+1 or -1, the sign of ``logit + noise``. The gradient reaches ``x``, of the same shape, unchanged."""
    return ops.cast(sign(logit + noise), x.dtype)


@straight_through
def identity_sign(x: Tensor) -> Tensor:
    """The sign of ``x``; its gradient passes unchanged and unclipped."""
    return sign(x)


@quantizer_row(
    values=(-1, 1),
    kernel="packed",
    lowering="kernel packed; the noise exists in training only",
    needs_clip=True,
    reading="sign",
)
class GumbelScoreSign(GumbelScoreQuantizer):
    """Binary weights sampled in training by Gumbel-softmax over scores of how near -1 and +1 are.

    In training, with latent weight w, temperature t and s = t_max / t, each level v has the score

        score(v) = c sqrt(s) 4 sigmoid(z) (1 - sigmoid(z)),  z = s (w - v) / 2

    and q(w) = v with the probability softmax(score)(v). In inference there is no noise: the level of the higher score,
    q(w) = +1 if w >= 0 else -1. Backward, dq/dw = 1, as in the source.

    The scores are bells around the levels that narrow with t. Far outside of [-1, 1] both vanish and the draw becomes
    a coin flip: keep the latent weights in with ``kernel_constraint="weight_clip"``. :class:`GumbelTemperature` can
    anneal t; the source keeps it.

    Args:
        temperature: t at the start.
        max_temperature: t_max.
        score_scale: c.
        seed: Of the noise, as in :class:`GumbelSign`.
        **kwargs: As for any Keras layer.

    Shapes:
        Any; the same in and out.

    Raises:
        ValueError: A temperature or scale that is not positive.

    Source:
        https://github.com/computational-imaging/PixelRNN (``suyeon_gumbel_binary``, with its constants). Its softmax
        runs over an axis of the kernel and its levels are exchanged; the formula is followed here.
    """

    precision = 1

    def __init__(
        self,
        temperature: float = 0.1,
        max_temperature: float = 3.0,
        score_scale: float = 300.0,
        seed: int | None = None,
        **kwargs,
    ):
        super().__init__(temperature, max_temperature, score_scale, seed, **kwargs)

    def call(self, inputs, training=None):
        noise = self.noise(inputs, training)
        if noise is None:
            return identity_sign(inputs)
        x = precise(inputs)
        logit = score_logit(x, ops.cast(self.scheduled, x.dtype), self.max_temperature, self.score_scale)
        return noisy_sign(inputs, logit, ops.cast(noise, x.dtype))
