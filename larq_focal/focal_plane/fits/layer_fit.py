"""The result of a fit for one layer: plain values, whoever computed them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from larq_focal.focal_plane.compiler.backend.homes import SpillMoves
from larq_focal.verdicts.verdict import Verdict


@dataclass(frozen=True)
class RegisterUse:
    """One register and its role; ``register`` is "(missing)" where more are needed than there are."""

    register: str
    role: str
    kind: Literal["digital", "analog"]


@dataclass(frozen=True)
class Need:
    """Registers of one kind: ``needed`` and ``nominal`` as the sensor counts them.

    ``held`` values live throughout, and ``usable`` registers can hold one. ``needed`` and ``held`` are None where no
    schedule can be made.
    """

    needed: int | None
    nominal: int
    held: int | None
    usable: int

    def to_dict(self) -> dict[str, int | None]:
        return {"needed": self.needed, "nominal": self.nominal, "held": self.held, "usable": self.usable}

    @property
    def text(self) -> str:
        return "-" if self.needed is None else f"{self.needed}/{self.nominal}\nheld {self.held}/{self.usable}"


@dataclass(frozen=True)
class ScheduleFit:
    """One way that was weighed; ``reason`` says why it does not fit, and is empty where it does."""

    schedule: str
    counter: str
    icw: int
    max_fan_in: int | None
    held_digital: int
    held_analog: int
    reason: str

    def to_dict(self) -> dict[str, Any]:
        return {
            "schedule": self.schedule,
            "counter": self.counter,
            "icw": self.icw,
            "max_fan_in": self.max_fan_in,
            "held_digital": self.held_digital,
            "held_analog": self.held_analog,
            "fits": not self.reason,
            "reason": self.reason,
        }


@dataclass(frozen=True, kw_only=True)
class LayerFit:
    """The fit of one layer with weights.

    ``schedule`` is "controller" for a dense layer, the one that lacks least where none fits, and None where none can be
    made; ``accumulator_bits`` is then None too. ``icw``, ``latency_lower_bound_us`` and ``energy_lower_bound_uj`` are
    per frame, None where they are unknown or the layer does not fit.
    ``spills_to`` names where a fit with spill moves planes, "analog" registers or the "controller"; ``moves`` are those
    of the layer's program, where it was compiled.
    ``changes`` are single changes that make the layer fit, the smallest first. ``bits_read`` go to the controller.
    """

    name: str
    verdict: Verdict
    fan_in: int
    max_fan_in: int | None = None
    accumulator_bits: int | None
    weight_bits: int
    weight_planes: int
    maps_per_plane: int | None = None
    map_planes: int | None = None
    schedule: str | None
    counter: str | None = None
    digital: Need
    analog: Need
    registers: tuple[RegisterUse, ...] = ()
    icw: int | None = None
    steps_icw: Mapping[str, int] = field(default_factory=dict)
    calls: Mapping[str, int] = field(default_factory=dict)
    latency_lower_bound_us: float | None = None
    energy_lower_bound_uj: float | None = None
    bits_read: int = 0
    spills_to: tuple[str, ...] = ()
    moves: Mapping[str, SpillMoves] = field(default_factory=dict)
    considered: tuple[ScheduleFit, ...] = ()
    changes: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()

    @property
    def register_map(self) -> list[dict[str, str]]:
        """Registers in the order in which a picture shows them."""
        return [{"register": use.register, "role": use.role, "kind": use.kind} for use in self.registers]

    def to_dict(self) -> dict[str, Any]:
        return {
            "name": self.name,
            "verdict": self.verdict.value,
            "fan_in": self.fan_in,
            "max_fan_in": self.max_fan_in,
            "accumulator_bits": self.accumulator_bits,
            "weight_bits": self.weight_bits,
            "weight_planes": self.weight_planes,
            "maps_per_plane": self.maps_per_plane,
            "map_planes": self.map_planes,
            "schedule": self.schedule,
            "counter": self.counter,
            "digital": self.digital.to_dict(),
            "analog": self.analog.to_dict(),
            "registers": self.register_map,
            "icw": self.icw,
            "steps_icw": dict(self.steps_icw),
            "calls": dict(self.calls),
            "latency_lower_bound_us": self.latency_lower_bound_us,
            "energy_lower_bound_uj": self.energy_lower_bound_uj,
            "bits_read": self.bits_read,
            "spills_to": list(self.spills_to),
            "moves": {name: moves.to_dict() for name, moves in self.moves.items()},
            "considered": [schedule.to_dict() for schedule in self.considered],
            "change": self.changes[0] if self.changes else None,
            "changes": list(self.changes),
            "notes": list(self.notes),
        }
