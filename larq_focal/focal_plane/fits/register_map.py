"""Which register does what in a plan."""

from __future__ import annotations

from larq_focal.focal_plane.fits.layer_fit import RegisterUse
from larq_focal.focal_plane.fits.plans import WEIGHT, Plan
from larq_focal.focal_plane.sensor import Sensor

MISSING = "(missing)"  # the register of a plane that the sensor has none for


def register_map(plan: Plan, sensor: Sensor) -> tuple[RegisterUse, ...]:
    """The registers of one layer: those with a duty first, then the planes that are held, then analog ones."""
    digital = sensor.digital
    floods = "flood" in plan.calls
    roles = {name: "flood mask" if floods else "kept at one" for name in digital.mask}
    roles |= {name: "shift direction, then temporary" for name in digital.direction}
    roles |= dict.fromkeys(digital.flag, "mask of shifts")
    uses = [RegisterUse(name, role, "digital") for name, role in roles.items()]
    uses += _assigned(plan.digital, digital.free, digital.propagation)
    storage = [*sensor.analog.storage, *[MISSING] * len(plan.analog)]
    uses += [RegisterUse(name, role, "analog") for name, role in zip(storage, plan.analog, strict=False)]
    if plan.analog:
        uses += [RegisterUse(name, "port, overwritten", "analog") for name in sensor.analog.port]
    return tuple(uses)


def _assigned(roles: tuple[str, ...], free: tuple[str, ...], propagation: tuple[str, ...]) -> list[RegisterUse]:
    """The weight of the tap goes where it is flooded, all else to free registers first."""
    weights = [role for role in roles if role == WEIGHT]
    flooded, others = weights[: len(propagation)], [role for role in roles if role != WEIGHT]
    others += weights[len(flooded) :]
    names = [*free, *propagation[len(flooded) :], *[MISSING] * len(roles)]
    uses = [RegisterUse(name, role, "digital") for name, role in zip(names, others, strict=False)]
    return uses + [RegisterUse(name, role, "digital") for name, role in zip(propagation, flooded, strict=False)]


def digital_needed(uses: tuple[RegisterUse, ...], sensor: Sensor) -> int:
    """Digital registers in use as the sensor counts them; missing ones count too."""
    return sensor.digital.count(tuple(use.register for use in uses if use.kind == "digital"))


def analog_needed(uses: tuple[RegisterUse, ...], sensor: Sensor) -> int:
    """Analog registers in use as the sensor counts them; missing ones count too."""
    return sum(use.kind == "analog" and use.register not in sensor.analog.uncounted for use in uses)
