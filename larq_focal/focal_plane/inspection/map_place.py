"""Where feature maps and kernels lie on the array."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal


@dataclass(frozen=True, kw_only=True)
class MapPlace:
    """The channels of one value on the array.

    Pixel (y, x) of channel ``c`` lies at row ``y * pitch[0] + places[c][1]`` and column ``x * pitch[1] + places[c][2]``
    of plane ``places[c][0]``; ``registers`` names the registers of the planes, where they are known.
    """

    name: str
    kind: Literal["feature map", "kernel"]
    height: int
    width: int
    pitch: tuple[int, int]
    places: tuple[tuple[int, int, int], ...]
    registers: tuple[str, ...] = ()

    def to_dict(self) -> dict[str, Any]:
        return {
            "name": self.name,
            "kind": self.kind,
            "height": self.height,
            "width": self.width,
            "pitch": list(self.pitch),
            "places": [list(place) for place in self.places],
            "registers": list(self.registers),
        }
