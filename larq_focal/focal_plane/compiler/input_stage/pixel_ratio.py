"""Whether one pixel is brighter than another by a ratio, in sums and doublings of analog registers."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import product

import numpy as np

from larq_focal.focal_plane.compiler.backend.virtual import Code, Plane
from larq_focal.focal_plane.compiler.input_stage.light import GREY_LEVELS, PIXEL_LEVELS, tested

LARGEST = PIXEL_LEVELS - 1  # the analog range must hold it
NEGLIGIBLE = 32  # pairs of grey levels, of 65,536, that fewer words are worth
_MOST_WHOLE = 3  # copies of a register that a word can sum besides another
_MOST_TIMES = 40
_NEAR = 0.15  # how far a ratio may be from the slope that is looked for, relative to it


@dataclass(frozen=True)
class PixelRatio:
    """``times * (x - whole * y) - weight * y + offset > 0`` for the levels x and y of two pixels, 0 to 127.

    That is x > (whole + weight / times) * y, apart from the offset. Every value that a register holds is an integer,
    saturated to [-128, 127]: the difference comes first, for it is small where the answer is near.

    Attributes:
        whole: 1 to 3.
        weight: -1, 0 or 1.
        times: from 1 up.
        offset: within the analog range.
    """

    whole: int
    weight: int
    times: int
    offset: int = 0

    @property
    def ratio(self) -> float:
        return self.whole + self.weight / self.times

    @property
    def words(self) -> int:
        """Instruction words up to FLAG."""
        doublings = self.times.bit_length() - 1
        return self.whole + 1 + 3 * doublings + self._adds + (self.weight < 0) + 1

    @property
    def _adds(self) -> bool:
        """Whether some doubling adds the difference once more."""
        return self.times.bit_count() > 1

    def score(self, x: np.ndarray, y: np.ndarray) -> np.ndarray:
        """What is compared with 0, but for the offset."""
        difference = np.clip(x - self.whole * y, -LARGEST - 1, LARGEST)
        return np.clip(self.times * difference, -LARGEST - 1, LARGEST) - self.weight * y

    def holds(self, x: np.ndarray, y: np.ndarray) -> np.ndarray:
        """What the array tells of pixels of the levels ``x`` and ``y``, integers from 0 to 127."""
        return self.score(np.asarray(x, int), np.asarray(y, int)) + self.offset > 0

    def emit(self, code: Code, x: str, y: str, free: Sequence[str]) -> Plane:
        """Where it holds.

        Args:
            code: where the instructions go.
            x: the analog register of minus the level x; it keeps its value, as ``y`` does.
            y: that of minus the level y.
            free: four registers that may be overwritten.
        """
        (news,) = code.sensor.analog.port
        score, minus, spare, other = free
        sources = [score]
        if self.offset:
            code.call("load_in", self.offset)
            sources.append("IN")
        copies = (news, spare, other)[: self.whole]
        for copy in copies:
            code.emit("bus", copy, y)
        code.emit("bus", score, *copies, x)
        if self._adds:
            code.emit("bus", minus, score)
        for bit in f"{self.times:b}"[1:]:
            code.emit("bus", news, score)
            code.emit("bus", spare, score)
            code.emit("bus", score, news, spare, *([minus] if bit == "1" else []))
        if self.weight > 0:
            sources.append(y)
        elif self.weight < 0:
            code.emit("bus", other, y)
            sources.append(other)
        return tested(code, *sources)


def fitted_ratio(table: np.ndarray) -> tuple[PixelRatio, int] | None:
    """The test that is most like ``table``, and how many pairs of grey levels it tells otherwise.

    It tells the same of black beside black, which is most of many images. Of tests that differ by less than
    ``NEGLIGIBLE`` pairs from the best, it is the one of the fewest words.

    Args:
        table: bool ``[256, 256]``, the answer for the grey levels of x and of y; more often true for a larger x, never
            for a larger y.

    Returns:
        None where no ratio from 1 up to somewhat beyond 4 is near.
    """
    found = []
    trues = table.reshape(PIXEL_LEVELS, 2, PIXEL_LEVELS, 2).sum((1, 3)).ravel()  # of the four pairs that look alike
    slope = boundary_slope(table)
    x, y = np.mgrid[:PIXEL_LEVELS, :PIXEL_LEVELS]
    for whole, weight, times in _options():
        option = PixelRatio(whole, weight, times)
        if slope is not None and abs(option.ratio - slope) <= _NEAR * slope:
            inexact, offset = _best_offset(option.score(x, y).ravel(), trues, bool(table[0, 0]))
            found.append((inexact, PixelRatio(whole, weight, times, offset)))
    if not found:
        return None
    least = min(inexact for inexact, _ in found)
    inexact, best = min(
        (option for option in found if option[0] <= least + NEGLIGIBLE),
        key=lambda option: (option[1].words, option[0]),
    )
    return best, inexact


def boundary_slope(table: np.ndarray) -> float | None:
    """How much brighter x must get where y gets brighter by one, or None where too few levels tell."""
    firsts = np.where(table.any(0), table.argmax(0), GREY_LEVELS)
    inside = np.flatnonzero((firsts > 0) & (firsts < GREY_LEVELS))
    return float(np.polyfit(inside, firsts[inside], 1)[0]) if len(inside) > 1 else None


def _options() -> Iterator[tuple[int, int, int]]:
    for whole in range(1, _MOST_WHOLE + 1):
        yield whole, 0, 1
        yield whole, 1, 1
        for weight, times in product((-1, 1), range(2, _MOST_TIMES + 1)):
            if whole + weight > 0:
                yield whole, weight, times


def _best_offset(scores: np.ndarray, trues: np.ndarray, is_above: bool) -> tuple[int, int]:
    """The fewest pairs told otherwise, and the offset nearest to 0 that gives them.

    Args:
        scores: by pair of levels.
        trues: how many of the four pairs of grey levels behind each are true.
        is_above: whether the offset must be above 0, or must not.
    """
    lowest = int(scores.min())
    below = np.bincount(scores - lowest, trues)  # by score: the true pairs that are lost where more is asked for
    above = np.bincount(scores - lowest, 4 - trues)
    wrong = np.concatenate([[0], np.cumsum(below)]) + np.concatenate([np.cumsum(above[::-1])[::-1], [0]])
    offsets = 1 - lowest - np.arange(len(wrong))
    is_allowed = (np.abs(offsets) <= LARGEST) & ((offsets > 0) == is_above)
    wrong = np.where(is_allowed, wrong, np.inf)
    best = np.flatnonzero(wrong == wrong.min())
    best = best[np.abs(offsets[best]).argmin()]
    return int(wrong[best]), int(offsets[best])
