"""Values of the network that lie on the array."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

from larq_focal.focal_plane.compiler.layout import Layout
from larq_focal.focal_plane.compiler.patterns import Constants
from larq_focal.focal_plane.compiler.virtual import Code, Operand


@dataclass(frozen=True)
class Maps:
    """One-bit maps: 1 stands for +1, 0 for -1.

    ``is_clean``: all pixels of the array beyond the maps hold 0, as those that shift in from past its border do.
    """

    layout: Layout
    planes: tuple[Operand, ...]
    is_clean: bool = False

    def cleaned(self, code: Code, constants: Constants) -> Maps:
        """The same maps with 0 beyond."""
        rows, columns = self.layout.extent
        if self.is_clean or (rows >= constants.shape[0] and columns >= constants.shape[1]):
            return replace(self, is_clean=True)
        outside = code.nor(constants.rectangle(rows, columns))
        planes = tuple(code.nor(code.nor(plane), outside) for plane in self.planes)
        return replace(self, planes=planes, is_clean=True)


@dataclass(frozen=True)
class Counts:
    """Sums that go on as they are: per plane of the layout the bits of the count, lowest first."""

    layout: Layout
    planes: tuple[tuple[Operand, ...], ...]
    offsets: object = field(repr=False)  # [height, width, channels]: sum = 2 * count - offset
