"""Kernel quantizer that samples each weight by scores of how near the levels are."""

from __future__ import annotations

from larq_focal.keras import larq, tf
from larq_focal.quantizers.binary_kernels.gumbel import GumbelQuantizer
from larq_focal.quantizers.parts.sign import sign


def level_score(
    x: tf.Tensor, level: float, temperature: tf.Tensor, max_temperature: float, score_scale: float
) -> tf.Tensor:
    """score_scale * sqrt(s) * 4 sigmoid(z) (1 - sigmoid(z)) with s = max_temperature / temperature, z = s (x - v) / 2.

    Largest, score_scale * sqrt(s), where ``x`` is at the level v.

    Args:
        x: Latent weights, any shape, of float32 at least: between the levels the scores are tiny.
        level: v.
        temperature: Positive scalar of the type of ``x``.
        max_temperature: Positive.
        score_scale: Positive.
    """
    steepness = max_temperature / temperature
    return score_scale * tf.sqrt(steepness) / tf.cosh(steepness * (x - level) / 4) ** 2


def score_logit(
    x: tf.Tensor, temperature: tf.Tensor, max_temperature: float = 3.0, score_scale: float = 300.0
) -> tf.Tensor:
    """Log-odds of +1 against -1: the :func:`level_score` of +1 less that of -1, with the same arguments."""
    plus, minus = (level_score(x, level, temperature, max_temperature, score_scale) for level in (1, -1))
    return plus - minus


@tf.custom_gradient
def noisy_sign(x: tf.Tensor, logit: tf.Tensor, noise: tf.Tensor):
    """+1 or -1, the sign of ``logit + noise``. The gradient reaches ``x``, of the same shape, unchanged."""
    return tf.cast(sign(logit + noise), x.dtype), lambda upstream: (upstream, None, None)


@tf.custom_gradient
def identity_sign(x: tf.Tensor):
    """The sign of ``x``; its gradient passes unchanged and unclipped."""
    return sign(x), lambda upstream: upstream


class GumbelScoreQuantizer(GumbelQuantizer):
    """Base of the quantizers that sample by scores of how near the levels are, with the constants of the score."""

    def __init__(self, temperature: float, max_temperature: float, score_scale: float, seed: int | None, **kwargs):
        super().__init__(temperature, seed, **kwargs)
        for name, value in {"max_temperature": max_temperature, "score_scale": score_scale}.items():
            if not value > 0:
                raise ValueError(f"{type(self).__name__}: {name} must be positive, but is {value}.")
        self.max_temperature = max_temperature
        self.score_scale = score_scale

    def get_config(self):
        config = {"max_temperature": self.max_temperature, "score_scale": self.score_scale}
        return {**super().get_config(), **config}


def precise(x: tf.Tensor) -> tf.Tensor:
    """``x`` as float32 at least, without a gradient."""
    return tf.stop_gradient(tf.cast(x, tf.float32) if x.dtype.size < tf.float32.size else x)


@larq.utils.register_keras_custom_object
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
        logit = score_logit(x, tf.cast(self.scheduled, x.dtype), self.max_temperature, self.score_scale)
        return noisy_sign(inputs, logit, tf.cast(noise, x.dtype))
