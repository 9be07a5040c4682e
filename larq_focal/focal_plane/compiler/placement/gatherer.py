"""Bringing input channels to the places of the output channels that read them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from itertools import product

from larq_focal.focal_plane.compiler.backend.virtual import Code, Operand
from larq_focal.focal_plane.compiler.placement.layout import Place
from larq_focal.focal_plane.compiler.placement.maps import Maps
from larq_focal.focal_plane.compiler.placement.patterns import Constants
from larq_focal.focal_plane.compiler.placement.shifts import seen_at, spread
from larq_focal.focal_plane.compiler.placement.walls import Walls
from larq_focal.network.ops import Pair


class Gatherer:
    """Reads channels of one value; what several channels need is made once.

    ``offset``: rows and columns of the array by which all that is read lies below and to the right, within ``walls``.
    """

    def __init__(self, code: Code, constants: Constants, maps: Maps, walls: Walls | None = None, offset: Pair = (0, 0)):
        self._code, self._constants, self._maps, self.walls, self._offset = code, constants, maps, walls, offset
        self._inverted: dict[int, Operand] = {}

    def seen_from(self, rows: int, columns: int) -> Gatherer:
        """A gatherer that reads what each pixel sees ``rows`` below and ``columns`` to the right of it."""
        return Gatherer(self._code, self._constants, self._maps, self.walls, (rows, columns))

    def at(self, sources: Mapping[Pair, int]) -> Operand:
        """A plane that holds at each place (row, column of a block) the channel that ``sources`` names for it."""
        layout = self._maps.layout
        wanted: dict[Place, list[Pair]] = defaultdict(list)
        for place, channel in sources.items():
            wanted[layout.places[channel]].append(place)
        planes = {source.plane for source in wanted}
        in_place = all(source.offset == place for source, places in wanted.items() for place in places)
        if len(planes) == 1 and (in_place or layout.is_spread):
            return self._seen(planes.pop())
        groups = _alike(wanted)
        parts = [self._brought(group) for group in groups]
        if len(parts) > 1:
            kept = [[place for places in group.values() for place in places] for group in groups]
            parts = [self._kept(part, places, sources) for part, places in zip(parts, kept, strict=True)]
        while len(parts) > 1:
            parts = [self._code.either(*parts[:2]), *parts[2:]]
        return parts[0]

    def _seen(self, plane: int) -> Operand:
        return seen_at(self._code, self._maps.planes[plane], *self._offset, self.walls)

    def _brought(self, group: Mapping[Place, list[Pair]]) -> Operand:
        """The channels of sources that are alike, spread over their own rectangles."""
        layout, code = self._maps.layout, self._code
        source = next(iter(group))
        if source.plane not in self._inverted:
            self._inverted[source.plane] = code.nor(self._seen(source.plane))
        everywhere = list(product(*map(range, layout.room)))
        chosen = self._constants.one_plane([place.offset for place in group], everywhere, layout.spacing)
        others = code.nor(chosen)
        code.split()
        alone = code.nor(self._inverted[source.plane], others)
        rows, columns = _rectangle(source, group[source])
        up, left = source.row - rows[0], source.column - columns[0]
        return spread(code, alone, (up, rows[1] - source.row), (left, columns[1] - source.column), layout.spacing.unit)

    def _kept(self, part: Operand, places: list[Pair], every: Mapping[Pair, int]) -> Operand:
        """``part`` at ``places`` only; what stands where nothing is read does not matter."""
        kept = self._constants.one_plane(places, every, self._maps.layout.spacing)
        return self._code.nor(self._code.nor(part), self._code.nor(kept))


def _rectangle(source: Place, places: Iterable[Pair]) -> tuple[Pair, Pair]:
    """First and last row, and first and last column, of the smallest rectangle that holds the source and ``places``."""
    rows, columns = zip(source.offset, *places, strict=True)
    return (min(rows), max(rows)), (min(columns), max(columns))


def _alike(wanted: Mapping[Place, list[Pair]]) -> list[dict[Place, list[Pair]]]:
    """Sources that one spread brings to all their places: it reaches equally far, and their rectangles are apart."""
    groups: dict[tuple[int, ...], list[dict[Place, list[Pair]]]] = defaultdict(list)
    for source, places in wanted.items():
        (top, bottom), (left, right) = _rectangle(source, places)
        reach = source.plane, source.row - top, bottom - source.row, source.column - left, right - source.column
        for group in groups[reach]:
            if all(_are_apart(_rectangle(source, places), _rectangle(*other)) for other in group.items()):
                group[source] = places
                break
        else:
            groups[reach].append({source: places})
    return [group for alike in groups.values() for group in alike]


def _are_apart(one: tuple[Pair, Pair], other: tuple[Pair, Pair]) -> bool:
    return any(a[1] < b[0] or b[1] < a[0] for a, b in zip(one, other, strict=True))
