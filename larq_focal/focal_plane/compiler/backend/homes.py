"""Where planes go that find no register: analog registers, and last of all the memory of the controller."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from itertools import count
from typing import Any, Protocol

from larq_focal.focal_plane.compiler.backend.liveness import Blocked, Span
from larq_focal.focal_plane.compiler.backend.virtual import Code, Plane, Statement
from larq_focal.focal_plane.sensor.spills import SPILLS, Spill

_SHARE_OF_RANGE = 2  # a one is stored as half the analog range


@dataclass
class SpillMoves:
    """SpillMoves of one frame between registers of planes and one kind of home.

    ``homes`` gives by plane the analog register, or the name under which the controller holds it; ``move_bytes`` are
    those that one move brings over the border of the array, none where planes stay within their pixels. ``sections``
    are the steps of the network in which there are moves.
    """

    move_bytes: int
    homes: dict[str, str] = field(default_factory=dict)
    stores: int = 0
    reloads: int = 0
    sections: set[str] = field(default_factory=set)

    @property
    def bytes(self) -> int:
        return (self.stores + self.reloads) * self.move_bytes

    @property
    def text(self) -> str:
        text = f"{self.stores:,} stores, {self.reloads:,} reloads"
        return f"{text}, {self.bytes:,} bytes" if self.bytes else text

    def to_dict(self) -> dict[str, Any]:
        return {"planes": dict(self.homes), "stores": self.stores, "reloads": self.reloads, "bytes": self.bytes}


class Home(Protocol):
    """A kind of place for planes; ``name`` is its key in ``IN_HOME``."""

    name: str
    moves: SpillMoves

    def free(self, span: Span, taken: Collection[str], blocked: Mapping[str, Blocked]) -> str | None:
        """A place for a plane that lives over ``span``, when others that live then have ``taken`` theirs."""

    def stored(self, place: str, plane: Plane, section: str) -> list[Statement]:
        """SpillMoves ``plane`` to its place."""

    def reloaded(self, place: str, plane: Plane, section: str) -> list[Statement]:
        """SpillMoves what is in a place to ``plane``."""


class AnalogHome:
    """Analog registers, while the code does not use them itself: a bit as a charge, positive for 1 and 0 for 0."""

    name = "analog"

    def __init__(self, code: Code):
        analog, flag = code.sensor.analog, code.sensor.digital.flag
        is_usable = analog.maximum is not None and bool(analog.port) and bool(flag)
        self._registers = [name for name in analog.storage if name not in code.reserved] if is_usable else []
        self._level = (analog.maximum or 0) // _SHARE_OF_RANGE
        self._flag = flag
        self.moves = SpillMoves(0)

    def free(self, span: Span, taken: Collection[str], blocked: Mapping[str, Blocked]) -> str | None:
        free = (name for name in self._registers if name not in taken)
        return next((name for name in free if name not in blocked or not blocked[name].touches(span)), None)

    def stored(self, place: str, plane: Plane, section: str) -> list[Statement]:
        level = Statement("load_in", (str(-self._level),), section, is_call=True)
        lines = ("res", place), ("WHERE", plane), ("bus", place, "IN"), ("ALL",)
        return [level, *_statements(section, *lines)]

    def reloaded(self, place: str, plane: Plane, section: str) -> list[Statement]:
        return _statements(section, ("where", place), ("MOV", plane, *self._flag), ("ALL",))


class ControllerHome:
    """The memory of the controller, which reads a plane out under a name and loads it by that name again."""

    name = "controller"

    def __init__(self, code: Code):
        self._used = {operand for statement in code.statements for operand in statement.operands}
        self._used |= {statement.result for statement in code.statements}
        self._numbers = count()
        self.moves = SpillMoves(code.sensor.plane_bytes)

    def free(self, span: Span, taken: Collection[str], blocked: Mapping[str, Blocked]) -> str:
        return next(name for name in (f"spilled_{number}" for number in self._numbers) if name not in self._used)

    def stored(self, place: str, plane: Plane, section: str) -> list[Statement]:
        return [Statement("read_plane", (plane,), section, is_call=True, result=place)]

    def reloaded(self, place: str, plane: Plane, section: str) -> list[Statement]:
        return [Statement("load_plane", (plane, place), section, is_call=True)]


def homes(code: Code, spill: Spill) -> list[Home]:
    """Those that are allowed, the cheapest first."""
    kinds = (AnalogHome, ControllerHome)
    return [kind(code) for kind in kinds[: SPILLS.index(spill)]]


def _statements(section: str, *lines: tuple) -> list[Statement]:
    return [Statement(name, tuple(operands), section) for name, *operands in lines]
