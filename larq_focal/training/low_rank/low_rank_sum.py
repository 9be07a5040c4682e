"""A sum of outer products that is held in two thin matrices."""

from __future__ import annotations

from typing import Literal

import numpy as np

Reduction = Literal["biased", "unbiased"]


class LowRankSum:
    """The sum of outer products ``left right^T``, as ``L R^T`` of a rank that it never exceeds.

    As many products as the rank are held exactly. Of each one more, "biased" drops the smallest singular value;
    "unbiased" mixes the smallest ones by random signs, so that the expectation of the sum is the true one, at the least
    variance that a sum of that rank can have.

    Args:
        rows: Length of the left vectors.
        columns: Length of the right vectors.
        rank: Of the sum, at least 1.
        reduction: "biased" or "unbiased".
        seed: Of the random signs.

    Raises:
        ValueError: A size or the rank below 1, or an unknown reduction.

    Source:
        Gural et al., "Low-Rank Training of Deep Neural Networks for Emerging Memory Technology",
        https://arxiv.org/abs/2009.03887; the unbiased reduction: Benzing, Gauy, Mujika, Martinsson and Steger, "Optimal
        Kronecker-Sum Approximation of Real Time Recurrent Learning", https://arxiv.org/abs/1902.03993.
    """

    def __init__(self, rows: int, columns: int, rank: int, reduction: Reduction = "biased", *, seed: int = 0):
        if min(rows, columns, rank) < 1:
            raise ValueError(f"LowRankSum: sizes and rank are at least 1, not {rows}, {columns} and {rank}.")
        if reduction not in ("biased", "unbiased"):
            raise ValueError(f'LowRankSum: the reduction is "biased" or "unbiased", not {reduction!r}.')
        self.rank, self.reduction = rank, reduction
        self._random = np.random.default_rng(seed)
        self._shape = rows, columns
        self.clear()

    def clear(self) -> None:
        """Makes the sum 0."""
        self.left, self.right = (np.zeros((size, 0), np.float32) for size in self._shape)

    def add(self, left: np.ndarray, right: np.ndarray) -> None:
        """Adds the product of ``left``, ``[rows]``, with ``right``, ``[columns]``."""
        self.left, self.right = np.c_[self.left, left], np.c_[self.right, right]
        if self.left.shape[1] > self.rank:
            self._reduce()

    def value(self) -> np.ndarray:
        """The sum, ``[rows, columns]``."""
        return self.left @ self.right.T

    @property
    def numbers_held(self) -> int:
        """At most, beside one product more while it is added: rank (rows + columns)."""
        return self.rank * sum(self._shape)

    def _reduce(self) -> None:
        """From one product more than the rank to the rank."""
        left, left_core = np.linalg.qr(self.left)
        right, right_core = np.linalg.qr(self.right)
        u, sizes, v = np.linalg.svd(left_core @ right_core.T, full_matrices=False)
        if len(sizes) <= self.rank:  # no more rows or columns than the rank: exact
            roots = np.diag(np.sqrt(sizes))
            mixed = roots, roots
        elif self.reduction == "biased":
            roots = np.diag(np.sqrt(sizes))[:, : self.rank]
            mixed = roots, roots
        else:
            mixed = unbiased_factors(sizes, self._random)
        self.left, self.right = left @ (u @ mixed[0]), right @ (v.T @ mixed[1])


def unbiased_factors(sizes: np.ndarray, random: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """Two matrices ``[k, k - 1]`` whose product is ``diag(sizes)`` in the mean, with the least variance.

    Args:
        sizes: Singular values ``[k]``, falling.
        random: Draws the signs.
    """
    count = len(sizes)
    tails = np.cumsum(sizes[::-1])[::-1]
    # Values that are larger than an equal share of the rest stay as they are.
    kept = next(at for at in range(count - 1) if (count - 1 - at) * sizes[at] <= tails[at] or at == count - 2)
    tail, total, mixed = sizes[kept:], tails[kept], count - kept
    factor = np.zeros((count, count - 1), sizes.dtype)
    factor[range(kept), range(kept)] = np.sqrt(sizes[:kept])
    if total > 0:
        normal = np.sqrt(np.maximum(0, 1 - tail * (mixed - 1) / total))
        complement = np.linalg.svd(normal[:, None])[0][:, 1:]
        signs = random.choice(np.array([-1, 1], sizes.dtype), mixed)
        factor[kept:, kept:] = np.sqrt(total / (mixed - 1)) * signs[:, None] * complement
    return factor, factor
