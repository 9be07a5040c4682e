"""Kernel quantizer that samples ternary weights by scores of how near the levels are."""

from __future__ import annotations

from typing import Any

from larq_focal.nn import Tensor, ops, random, straight_through
from larq_focal.quantizers.parts.gumbel import TINY
from larq_focal.quantizers.parts.gumbel_score import GumbelScoreQuantizer, level_score, precise
from larq_focal.quantizers.parts.row import quantizer_row

__all__ = ["GumbelScoreTernary"]

LEVELS = (-1, 0, 1)


def gumbel_noise(shape: tuple[int, ...], seed: Tensor, dtype: Any) -> Tensor:
    """-log(-log(u)) for uniform u; ``seed`` is two integers."""
    u = random.uniform(shape, seed, TINY)
    return ops.cast(-ops.log(-ops.log(u)), dtype)


@straight_through
def nearest_of_three(x: Tensor) -> Tensor:
    """+1 where ``x > 1/2``, -1 where ``x < -1/2``, else 0. Backward, the gradient passes unchanged."""
    one, zero = ops.ones((), x.dtype), ops.zeros((), x.dtype)
    return ops.where(x > 0.5, one, ops.where(x < -0.5, -one, zero))


@straight_through
def likeliest_of_three(x: Tensor, scores: Tensor) -> Tensor:
    """-1, 0 or +1, whose of the ``scores`` [3, ...] is the largest. The gradient reaches ``x`` [...] unchanged."""
    return ops.cast(ops.argmax(scores, axis=0) - 1, x.dtype)


@quantizer_row(
    values=(-1, 0, 1),
    kernel="float",
    lowering="a float convolution, or two binary ones in a BinarySumConv2D",
    needs_clip=True,
)
class GumbelScoreTernary(GumbelScoreQuantizer):
    """Ternary weights sampled in training by Gumbel-softmax over scores of how near -1, 0 and +1 are.

    In training, with latent weight w, temperature t and s = t_max / t, each level v has the score

        score(v) = c sqrt(s) 4 sigmoid(z) (1 - sigmoid(z)),  z = s (w - v) / 2

    and q(w) = v with the probability softmax(score)(v). In inference there is no noise: the level of the highest
    score, q(w) = +1 if w > 1/2, -1 if w < -1/2, else 0. Backward, dq/dw = 1, as in the source.

    Latent weights decide at 1/2: begin with wide ones, such as ``kernel_initializer=RandomUniform(-1, 1)``, and keep
    them in with ``kernel_constraint="weight_clip"``. From Keras' default a kernel begins as zeros.
    :class:`GumbelTemperature` can anneal t; the source keeps it.

    A :class:`~larq_focal.layers.BinarySumConv2D` with ``kernel_levels=(-1, 0, 1)`` is exactly two binary convolutions.
    In any other layer the convolution stays a float one.

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
        https://github.com/computational-imaging/PixelRNN (``suyeon_gumbel_binary`` for three levels, with its
        constants). Its softmax runs over an axis of the kernel; the formula is followed here.
    """

    precision = 2

    def __init__(
        self,
        temperature: float = 0.1,
        max_temperature: float = 3.0,
        score_scale: float = 30.0,
        seed: int | None = None,
        **kwargs,
    ):
        super().__init__(temperature, max_temperature, score_scale, seed, **kwargs)

    def call(self, inputs, training=None):
        if not training:
            return nearest_of_three(inputs)
        x = precise(inputs)
        temperature = ops.cast(self.scheduled, x.dtype)
        scores = [level_score(x, level, temperature, self.max_temperature, self.score_scale) for level in LEVELS]
        noise = gumbel_noise((len(LEVELS), *ops.shape(x)), self.next_seed(), x.dtype)
        return likeliest_of_three(inputs, ops.stack(scores) + noise)
