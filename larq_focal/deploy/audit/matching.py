"""Telling which operation a layer became by what its kernel holds: the converter cuts and merges names."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

_SAME = 0.98
"""Mean |cosine| between the rows of two kernels from which they count as one (int8 rounding leaves 0.999)."""


def match_kernels(
    expected: Sequence[np.ndarray], actual: Sequence[np.ndarray | None], shapes: Sequence[tuple[int, int]]
) -> list[list[int]]:
    """Pairs kernels by content, up to a factor per output channel, then by shape; in order where this leaves a choice.

    Args:
        expected: kernels ``[out, fan_in]``.
        actual: likewise, those of a file in the order of execution; None where the file computes a kernel.
        shapes: ``(out, fan_in)`` of every actual kernel.

    Returns:
        For each expected kernel the indices of the actual ones that it became: several where a layer is used
        several times, none where nothing fits.
    """
    pairs: list[list[int]] = [[] for _ in expected]
    free = list(range(len(actual)))
    scores = [
        {index: _likeness(kernel, actual[index]) for index in free if shapes[index] == kernel.shape}
        for kernel in expected
    ]
    for layer, score in enumerate(scores):
        candidates = [index for index in free if score.get(index, 0) > _SAME]
        if candidates:
            best = max(candidates, key=lambda index, score=score: (round(score[index], 4), -index))
            pairs[layer].append(best)
            free.remove(best)
    for index in list(free):  # further uses of a layer
        owner = next(
            (layer for layer, score in enumerate(scores) if pairs[layer] and score.get(index, 0) > _SAME), None
        )
        if owner is not None:
            pairs[owner].append(index)
            free.remove(index)
    for layer, kernel in enumerate(expected):  # kernels that the converter changed, or left to be computed
        same_shape = [index for index in free if shapes[index] == kernel.shape]
        if not pairs[layer] and same_shape:
            pairs[layer].append(same_shape[0])
            free.remove(same_shape[0])
    return pairs


def _likeness(a: np.ndarray, b: np.ndarray | None) -> float:
    """Mean |cosine| of the rows; two rows of zeros are alike."""
    if b is None:
        return 0.0
    products = np.abs(np.einsum("of,of->o", a, b, dtype=np.float32))
    norms = np.linalg.norm(a, axis=1) * np.linalg.norm(b, axis=1)
    both_zero = ~a.any(1) & ~b.any(1)
    return float(np.mean(np.where(both_zero, 1.0, products / np.maximum(norms, 1e-30))))
