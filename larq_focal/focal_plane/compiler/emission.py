"""A network on its way to code: what has been emitted of it so far."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from larq_focal.focal_plane.compiler.backend.virtual import Code
from larq_focal.focal_plane.compiler.layers.accumulation import Accumulation
from larq_focal.focal_plane.compiler.layers.count_schedule import CountSchedule
from larq_focal.focal_plane.compiler.placement.maps import Counts, Maps
from larq_focal.focal_plane.compiler.placement.patterns import Constants
from larq_focal.focal_plane.compiler.terms import Uncounted
from larq_focal.focal_plane.sensor import Sensor
from larq_focal.network.graph import QuantGraph
from larq_focal.network.ops import Op

Value = Maps | Counts | Uncounted


@dataclass(frozen=True)
class Emission:
    """The code of a network in its array form, and where it has got to.

    ``values`` are those on the array, by the names of their operations; ``tail`` are the names of operations that are
    left to the controller; ``accumulations`` are the layers that are counted by charges.
    """

    graph: QuantGraph
    sensor: Sensor
    schedules: Mapping[str, CountSchedule]
    code: Code
    constants: Constants
    tail: set[str]
    values: dict[str, Value] = field(default_factory=dict)
    accumulations: dict[str, Accumulation] = field(default_factory=dict)

    def inputs_of(self, op: Op) -> list[Value | None]:
        """What ``op`` reads; None for what is not on the array."""
        return [self.values.get(name) for name in op.inputs]
