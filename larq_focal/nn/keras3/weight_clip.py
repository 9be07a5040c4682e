"""A constraint that keeps latent weights where they have a gradient."""

from __future__ import annotations

import keras
from keras import ops

from larq_focal.nn.keras3.registration import register


@register("weight_clip")
class WeightClip(keras.constraints.Constraint):
    """Clips weights of any shape to [-clip_value, clip_value] after each step of an optimizer.

    Args:
        clip_value: The largest magnitude.

    Source:
        Courbariaux et al., "Binarized Neural Networks", https://arxiv.org/abs/1602.02830.
    """

    def __init__(self, clip_value: float = 1.0):
        self.clip_value = clip_value

    def __call__(self, w):
        return ops.clip(w, -self.clip_value, self.clip_value)

    def get_config(self):
        return {"clip_value": self.clip_value}
