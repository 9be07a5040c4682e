"""Bringing input channels to the places of the output channels that read them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from itertools import product

from larq_focal.focal_plane.compiler.layout import Place
from larq_focal.focal_plane.compiler.maps import Maps
from larq_focal.focal_plane.compiler.patterns import Constants
from larq_focal.focal_plane.compiler.shifts import spread
from larq_focal.focal_plane.compiler.virtual import Code, Operand
from larq_focal.network.ops import Pair


class Gatherer:
    """Reads channels of one value; what several channels need is made once."""

    def __init__(self, code: Code, constants: Constants, maps: Maps):
        self._code, self._constants, self._maps = code, constants, maps
        self._inverted: dict[int, Operand] = {}

    def at(self, sources: Mapping[Pair, int]) -> Operand:
        """A plane that holds at each place (row, column of a block) the channel that ``sources`` names for it."""
        layout = self._maps.layout
        wanted: dict[Place, list[Pair]] = defaultdict(list)
        for place, channel in sources.items():
            wanted[layout.places[channel]].append(place)
        planes = {source.plane for source in wanted}
        in_place = all(source.offset == place for source, places in wanted.items() for place in places)
        if len(planes) == 1 and (in_place or layout.is_spread):
            return self._maps.planes[planes.pop()]
        parts = [self._brought(source, places) for source, places in wanted.items()]
        if len(parts) > 1:
            parts = [self._kept(part, places, sources) for part, places in zip(parts, wanted.values(), strict=True)]
        while len(parts) > 1:
            parts = [self._code.either(*parts[:2]), *parts[2:]]
        return parts[0]

    def _brought(self, source: Place, places: list[Pair]) -> Operand:
        """The channel at ``source``, spread over the smallest rectangle that holds ``places`` too."""
        layout = self._maps.layout
        if source.plane not in self._inverted:
            self._inverted[source.plane] = self._code.nor(self._maps.planes[source.plane])
        everywhere = list(product(range(layout.pitch[0]), range(layout.pitch[1])))
        chosen = self._constants.one_plane([source.offset], everywhere, layout.pitch)
        others = self._code.nor(chosen)
        self._code.split()
        alone = self._code.nor(self._inverted[source.plane], others)
        rows, columns = [place[0] for place in places], [place[1] for place in places]
        up, down = max(source.row - min(rows), 0), max(max(rows) - source.row, 0)
        left, right = max(source.column - min(columns), 0), max(max(columns) - source.column, 0)
        spread(self._code, alone, (up, down), (left, right))
        return alone

    def _kept(self, part: Operand, places: list[Pair], every: Mapping[Pair, int]) -> Operand:
        """``part`` at ``places`` only; what stands where nothing is read does not matter."""
        kept = self._constants.one_plane(places, every, self._maps.layout.pitch)
        return self._code.nor(self._code.nor(part), self._code.nor(kept))
