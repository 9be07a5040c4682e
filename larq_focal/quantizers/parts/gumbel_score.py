"""Quantizers that sample by scores of how near the levels are."""

from __future__ import annotations

from larq_focal.nn import Tensor, ops
from larq_focal.quantizers.parts.gumbel import GumbelQuantizer
from larq_focal.quantizers.parts.weight_statistics import at_least_float32


def level_score(x: Tensor, level: float, temperature: Tensor, max_temperature: float, score_scale: float) -> Tensor:
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
    return score_scale * ops.sqrt(steepness) / ops.cosh(steepness * (x - level) / 4) ** 2


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


def precise(x: Tensor) -> Tensor:
    """``x`` as float32 at least, without a gradient."""
    return ops.stop_gradient(at_least_float32(x))
