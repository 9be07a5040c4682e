"""How many instructions kernels still take, guessed; a guess that misleads costs words, never correctness."""

from __future__ import annotations

from collections.abc import Iterable

from larq_focal.focal_plane.analog.likeness import Likeness
from larq_focal.focal_plane.analog.moves import REACH
from larq_focal.focal_plane.analog.packed import Lattice


class Effort:
    """Guesses from each kernel's own repetitions; what different kernels share shows only once it is split off."""

    def __init__(self, lattice: Lattice, likeness: Likeness, source: int):
        self._lattice = lattice
        self._likeness = likeness
        self._source = source
        self._source_twos = lattice.pattern(source).twos
        self._near = {lattice.distance(offset) for offset in REACH}
        self._by_shape: dict[int, float] = {}

    def instructions(self, kernels: Iterable[int]) -> float:
        """Instructions but divisions: one for each kernel that only differs by shift, sign or scale from another."""
        shapes = {self._lattice.pattern(self._source).shape}
        total = 0.0
        for kernel in kernels:
            if kernel == self._source:
                continue
            pattern = self._lattice.pattern(kernel)
            if pattern.shape in shapes:
                total += 1
            else:
                shapes.add(pattern.shape)
                total += 1 + self._of(kernel)
        return total

    def halvings(self, kernels: Iterable[int]) -> int:
        return max(0, self._source_twos - min(self._lattice.pattern(kernel).twos for kernel in kernels))

    def _of(self, kernel: int) -> float:
        """Instructions for a kernel from one pixel's weight, besides the last."""
        pattern = self._lattice.pattern(kernel)
        if pattern.shape not in self._by_shape:
            self._by_shape[pattern.shape] = pattern.digits - 1.0  # ends recursion, and a bound: one for each digit
            for part in self._likeness.parts(kernel, kernel)[:3]:
                effort = 0.5 + self._of(part.kernel) + (part.distance not in self._near or part.sign > 0)
                if part.rest:
                    effort += 0.5 + (
                        0 if self._shape(part.rest) == self._shape(part.kernel) else 1 + self._of(part.rest)
                    )
                self._by_shape[pattern.shape] = min(self._by_shape[pattern.shape], effort)
        return self._by_shape[pattern.shape]

    def _shape(self, kernel: int) -> int:
        return self._lattice.pattern(kernel).shape
