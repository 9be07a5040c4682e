"""The scale of least squared error for weights of a few levels (OMSE), exact.

Source: Choukroun, Kravchik, Yang and Kisilev, "Low-bit Quantization of Neural Networks for Efficient Inference",
https://arxiv.org/abs/1902.06822, where a line search finds it. The sweep over all roundings here misses no minimum.
"""

from __future__ import annotations

import numpy as np

_FIRST_CLIPS = np.linspace(1.0, 0.2, 9)
"""Parts of the largest weight whose errors bound the least one."""
_BISECTIONS = 12
_OF_ZEROS = float(np.finfo(np.float32).tiny)


def even_magnitudes(bits: int, has_zero: bool) -> np.ndarray:
    """The magnitudes of even levels of ``bits`` bits as whole numbers, int64, rising.

    With ``has_zero`` 0, 1, ..., 2^(bits - 1) - 1, which makes 2^bits - 1 levels with both signs; else 1, 3, ...,
    2^bits - 1, which makes 2^bits.
    """
    return np.arange(2 ** (bits - 1)) if has_zero else np.arange(1, 2**bits, 2)


def nearest_codes(values: np.ndarray, scales: np.ndarray, magnitudes: np.ndarray) -> np.ndarray:
    """The levels nearest to ``values / scales``, int64 ``[..., C]``: magnitudes with the sign of the value.

    Args:
        values: weights ``[..., C]``.
        scales: positive, ``[C]``.
        magnitudes: not negative, rising ``[k]``.
    """
    middles = (magnitudes[1:] + magnitudes[:-1]) / 2
    indices = np.searchsorted(middles, np.abs(values) / scales.astype(np.float64))
    return np.where(values < 0, -1, 1) * magnitudes[indices]


def least_squares_scales(values: np.ndarray, magnitudes: np.ndarray) -> np.ndarray:
    """The scale of each output channel for which the nearest levels have the least sum of squared errors.

    As the scale falls, weights pass to the next level one by one, at the breakpoints ``|w| / (middle of two levels)``.
    For given levels l the best scale is ``sum |w| l / sum l^2``, which lowers the error by ``(sum |w| l)^2 / sum l^2``.
    Both sums grow along the sorted breakpoints, and the best of all is the least squared error that any scale has.

    Args:
        values: weights ``[..., C]``, finite.
        magnitudes: of the levels, which have both signs: not negative, rising ``[k]``, the last above 0.

    Returns:
        float64 ``[C]``, positive; where all weights of a channel are 0, 1 if that is a level, else a number next to 0.
        The largest level times the scale may exceed the largest weight.
    """
    columns = np.abs(values.reshape(-1, values.shape[-1])).astype(np.float64).T
    return np.array([_least_squares_scale(column, magnitudes.astype(np.float64)) for column in columns])


def _least_squares_scale(weights: np.ndarray, magnitudes: np.ndarray) -> float:
    """Of one channel's magnitudes ``[n]``."""
    first, count = magnitudes[0], len(weights)
    weights = weights[weights > 0]
    if not len(weights):
        return _OF_ZEROS if first else 1.0
    middles = (magnitudes[1:] + magnitudes[:-1]) / 2
    passed = np.searchsorted(middles, weights / _lowest_scale(weights, magnitudes), side="right")
    owners = np.repeat(weights, passed)
    indices = np.arange(len(owners)) - np.repeat(np.cumsum(passed) - passed, passed)
    order = np.argsort(-owners / middles[indices], kind="stable") if len(owners) else np.empty(0, int)
    owners, indices = owners[order], indices[order]
    products = first * weights.sum() + _sums(owners * np.diff(magnitudes)[indices])
    squares = first**2 * count + _sums(np.diff(magnitudes**2)[indices])
    gains = np.divide(products**2, squares, out=np.zeros_like(products), where=squares > 0)
    best = int(np.argmax(gains))
    return float(products[best] / squares[best])


def _sums(steps: np.ndarray) -> np.ndarray:
    """0 and the sums of the first 1, 2, ... steps."""
    return np.concatenate([[0.0], np.cumsum(steps)])


def _lowest_scale(weights: np.ndarray, magnitudes: np.ndarray) -> float:
    """A scale below which what is cut off alone costs more than some other scale: the best one is not there."""
    largest = weights.max() / magnitudes[-1]
    codes = [nearest_codes(weights, np.float64(part * largest), magnitudes) for part in _FIRST_CLIPS]
    known = min(
        np.square(weights - part * largest * code).sum() for part, code in zip(_FIRST_CLIPS, codes, strict=True)
    )
    low, high = 0.0, largest
    for _ in range(_BISECTIONS):
        middle = (low + high) / 2
        cut_off = np.square(np.maximum(weights - middle * magnitudes[-1], 0)).sum()
        low, high = (middle, high) if cut_off > known else (low, middle)
    return low or np.min(weights) / (2 * magnitudes[-1])
