"""What the controller reads from the array."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from larq_focal.focal_plane.compiler.placement.layout import Layout


@dataclass(frozen=True)
class Output:
    """A value that the controller reads: the names of its planes, and how they make up the value.

    ``planes`` holds, per plane of the layout, the results of one bit, or those of a count, lowest bit first; a count p
    stands for the sum ``2 p - offsets``.
    """

    name: str
    layout: Layout
    planes: tuple[tuple[str, ...], ...]
    offsets: np.ndarray | None

    def value(self, results: Mapping[str, np.ndarray]) -> np.ndarray:
        """The value ``[height, width, channels]``, signs or sums, from planes by the names of their results."""
        total = np.zeros(self.layout.shape, np.int64)
        nothing = np.zeros_like(results[self.planes[0][0]]) if self.planes[0] else None
        for bit in range(max(len(names) for names in self.planes)):
            planes = [results[names[bit]] if bit < len(names) else nothing for names in self.planes]
            total += self.layout.value_of(np.stack(planes)).astype(np.int64) << bit
        return 2 * total - (1 if self.offsets is None else self.offsets)

    @property
    def bits(self) -> int:
        """Bits of the value: one for each sign, as many as the count has for each sum."""
        each = sum(len(self.planes[place.plane]) for place in self.layout.places)
        return self.layout.height * self.layout.width * each

    @property
    def plane_count(self) -> int:
        return sum(len(names) for names in self.planes)
