"""The result of a fit for one layer: plain values, read off the program of the whole network."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from larq_focal.verdicts.verdict import Verdict


@dataclass(frozen=True)
class RegisterUse:
    """One register and what it is for while the layer runs."""

    register: str
    role: str
    kind: Literal["digital", "analog"]


@dataclass(frozen=True)
class Need:
    """Registers of one kind: those that the program uses in this layer, of the ``nominal`` ones.

    Both as the sensor's convention counts them; ``usable`` registers can hold a plane while others shift. ``needed`` is
    None where there is no program.
    """

    needed: int | None
    nominal: int
    usable: int

    def to_dict(self) -> dict[str, int | None]:
        return {"needed": self.needed, "nominal": self.nominal, "usable": self.usable}

    @property
    def text(self) -> str:
        return "-" if self.needed is None else f"{self.needed}/{self.nominal}"


@dataclass(frozen=True, kw_only=True)
class LayerFit:
    """The fit of one layer with weights.

    ``placement`` says where its channels lie, or "controller" where the layer runs there; ``weights_from`` where its
    weights come from. Both are None where there is no program, as are ``icw``, ``latency_lower_bound_us`` and
    ``energy_lower_bound_uj`` per frame; ``estimated_icw`` then is a formula's answer, if there is one. ``bits_read``
    are those of planes that the layer spills to the controller, and ``spills_to`` names where it spills to.
    """

    name: str
    verdict: Verdict
    fan_in: int
    weight_bits: int
    weight_planes: int
    placement: str | None = None
    weights_from: str | None = None
    digital: Need
    analog: Need
    peak_planes: int | None = None
    registers: tuple[RegisterUse, ...] = ()
    icw: int | None = None
    icw_by_class: Mapping[str, int] = field(default_factory=dict)
    estimated_icw: int | None = None
    calls: Mapping[str, int] = field(default_factory=dict)
    latency_lower_bound_us: float | None = None
    energy_lower_bound_uj: float | None = None
    bits_read: int = 0
    spills_to: tuple[str, ...] = ()
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
            "weight_bits": self.weight_bits,
            "weight_planes": self.weight_planes,
            "placement": self.placement,
            "weights_from": self.weights_from,
            "digital": self.digital.to_dict(),
            "analog": self.analog.to_dict(),
            "peak_planes": self.peak_planes,
            "registers": self.register_map,
            "icw": self.icw,
            "icw_by_class": dict(self.icw_by_class),
            "estimated_icw": self.estimated_icw,
            "calls": dict(self.calls),
            "latency_lower_bound_us": self.latency_lower_bound_us,
            "energy_lower_bound_uj": self.energy_lower_bound_uj,
            "bits_read": self.bits_read,
            "spills_to": list(self.spills_to),
            "notes": list(self.notes),
        }
