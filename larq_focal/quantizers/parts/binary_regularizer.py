"""Regularizer of BNN+, which draws latent weights to two opposite values."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from larq_focal.nn import Tensor, keras, ops, register


def best_scale(magnitude: Tensor, p: int) -> Tensor:
    """The alpha with the least sum of |alpha - |w||^p for each index of the last axis: median (p = 1), mean (p = 2).

    Args:
        magnitude: |w|, of known shape.
        p: 1 or 2.
    """
    rows = ops.reshape(magnitude, (-1, magnitude.shape[-1]))
    if p == 2:
        return ops.mean(rows, 0)
    ordered = ops.sort(rows, 0)
    count = rows.shape[0]
    return (ordered[(count - 1) // 2] + ordered[count // 2]) / 2


@register()
class BinaryRegularizer(keras.regularizers.Regularizer):
    """Draws the latent weights of a kernel to -alpha and +alpha.

        R(w) = strength * sum |alpha - |w||^p

    The paper learns one alpha for each output channel (last axis) by gradient descent. Where nothing else depends on
    alpha, the value that it falls towards is known, the median of |w| for p = 1 and the mean of |w| for p = 2, and is
    what ``alpha=None`` takes. It is the scale of ``xnor_sign`` for p = 2. :class:`BnnPlusSign` has the alpha that is
    trained, with this penalty, as its scale.

    Args:
        strength: Weight of the penalty in the loss, not negative.
        p: 1 or 2.
        alpha: One value, or one for each output channel; None for the best.

    Raises:
        ValueError: A p that is neither 1 nor 2, a negative strength, or an alpha that is not positive.

    Source:
        Darabi et al., "Regularized Binary Network Training", https://arxiv.org/abs/1812.11800. The paper combines it
        with SignSwish, Larq's ``swish_sign``.
    """

    def __init__(self, strength: float = 1e-6, p: int = 1, alpha: float | Sequence[float] | None = None):
        if not strength >= 0:
            raise ValueError(f"BinaryRegularizer: strength must not be negative, but is {strength}.")
        if p not in (1, 2):
            raise ValueError(f"BinaryRegularizer: p must be 1 or 2, but is {p}.")
        if alpha is not None and not np.all(np.asarray(alpha) > 0):
            raise ValueError(f"BinaryRegularizer: alpha must be positive, but is {alpha}.")
        self.strength = strength
        self.p = p
        self.alpha = alpha

    def __call__(self, w):
        magnitude = ops.abs(w)
        # At the best alpha the penalty does not change with alpha, so no gradient is lost.
        alpha = ops.stop_gradient(best_scale(magnitude, self.p)) if self.alpha is None else self.alpha
        return self.strength * ops.sum(ops.abs(alpha - magnitude) ** self.p)

    def get_config(self):
        alpha = self.alpha if self.alpha is None else np.asarray(self.alpha).tolist()
        return {"strength": self.strength, "p": self.p, "alpha": alpha}
