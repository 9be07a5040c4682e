"""The rows of a fit: what the program of a whole network takes in each layer, or what is known without one."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from larq_focal.focal_plane.compiler.backend.build import Allocation
from larq_focal.focal_plane.compiler.backend.section_use import SectionUse
from larq_focal.focal_plane.compiler.compiled import Compiled
from larq_focal.focal_plane.compiler.layers.weights import are_spread
from larq_focal.focal_plane.compiler.options import WeightSource
from larq_focal.focal_plane.compiler.placement.layout import Layout
from larq_focal.focal_plane.fits.layer_fit import LayerFit, Need, RegisterUse
from larq_focal.focal_plane.fits.word_estimate import words_at_least
from larq_focal.focal_plane.sensor import Sensor
from larq_focal.focal_plane.sensor.rate import energy_lower_bound_uj, latency_lower_bound_us
from larq_focal.network.ops import Conv2D, Weighted
from larq_focal.text import counted
from larq_focal.verdicts.unjudged import is_judged_layer
from larq_focal.verdicts.verdict import Verdict

CONTROLLER = "controller"
_WEIGHTS = {
    WeightSource.PATTERNS: "patterns of the controller",
    WeightSource.PACKED: "packed in digital registers",
    WeightSource.ANALOG: "packed in an analog register",
}
_ROLES = {"shifted": "shifting input", "light": "input", "weights": "packed weights"}
_LOADED, _CHARGE = "load_", "charge"


def program_row(op: Weighted, compiled: Compiled) -> LayerFit:
    """A layer of a network that has a program."""
    sensor, name = compiled.sensor, op.name
    if not isinstance(op, Conv2D) or name not in compiled.schedules or name in compiled.tail:
        return controller_row(op, sensor)
    allocation = compiled.allocation
    use = allocation.by_section.get(name, SectionUse({}, 0))  # no statement where all weights are 0
    words, calls = compiled.icw.get(name, {}), compiled.calls_by_section.get(name, {})
    spills_to = tuple(place for place in allocation.spills_to if name in allocation.moves[place].sections)
    digital, analog = sensor.digital, sensor.analog
    used = tuple(use.registers)
    return LayerFit(
        **_shape(op, sensor),
        verdict=Verdict.SPILL if spills_to else Verdict.FIT,
        placement=_placement(compiled.layout_behind(name)),
        weights_from=_weights_from(op, compiled, calls),
        digital=Need(digital.count(tuple(r for r in used if r in digital.all)), digital.nominal, len(digital.holders)),
        analog=Need(
            analog.count(tuple(r for r in used if r in analog.storage + analog.port)),
            analog.nominal,
            len(analog.storage),
        ),
        peak_planes=use.peak,
        registers=tuple(_register_uses(use, sensor)),
        icw=sum(words.values()),
        icw_by_class=dict(words),
        calls=dict(calls),
        latency_lower_bound_us=latency_lower_bound_us(words, calls, sensor),
        energy_lower_bound_uj=energy_lower_bound_uj(words, sensor),
        bits_read=calls.get("read_plane", 0) * sensor.plane_bits if CONTROLLER in spills_to else 0,
        spills_to=spills_to,
        notes=tuple(_notes(allocation, spills_to)),
    )


def controller_row(op: Weighted, sensor: Sensor) -> LayerFit:
    """A layer that runs on the controller, on what is read out of the array."""
    return LayerFit(
        **_shape(op, sensor),
        verdict=Verdict.FIT,
        placement=CONTROLLER,
        digital=Need(0, sensor.digital.nominal, len(sensor.digital.holders)),
        analog=Need(0, sensor.analog.nominal, len(sensor.analog.storage)),
        icw=0,
        notes=("runs on the controller",),
    )


def row_without_program(op: Weighted, sensor: Sensor, reasons: tuple[str, ...]) -> LayerFit:
    """A layer of a network that has no program; ``reasons`` why the layer itself is to blame, if it is."""
    estimate = words_at_least(op, sensor) if isinstance(op, Conv2D) and is_judged_layer(op) else None
    return LayerFit(
        **_shape(op, sensor),
        verdict=Verdict.NO_FIT if reasons else Verdict.NOT_JUDGED,
        digital=Need(None, sensor.digital.nominal, len(sensor.digital.holders)),
        analog=Need(None, sensor.analog.nominal, len(sensor.analog.storage)),
        estimated_icw=estimate,
        notes=reasons,
    )


def _shape(op: Weighted, sensor: Sensor) -> dict[str, Any]:
    """All weight bits of a layer, and the planes that they would fill: ternary weights take two."""
    planes = -(-op.kernel.size // sensor.plane_bits) * op.kernel.bits
    return {
        "name": op.name,
        "fan_in": op.kernel.fan_in,
        "weight_bits": op.kernel.size * op.kernel.bits,
        "weight_planes": planes,
    }


def _placement(layout: Layout | None) -> str | None:
    """Where the channels lie that a layer gives."""
    if layout is None:
        return None
    channels, planes = counted(layout.channels, "channel"), layout.planes
    rows, columns = layout.room if layout.tiles else layout.block
    where = f"{rows}x{columns} tiles" if layout.tiles else f"blocks of {rows}x{columns} pixels"
    return f"{channels} in {where}" + (f", {planes} planes" if planes > 1 else "")


def _weights_from(op: Conv2D, compiled: Compiled, calls: Mapping[str, int]) -> str:
    source = compiled.schedules[op.name].weights
    if are_spread(op.kernel.codes, source):
        return _WEIGHTS[source]
    loads = any(name.startswith(_LOADED) for name in calls)
    return _WEIGHTS[WeightSource.PATTERNS] if loads else "the instructions"


def _register_uses(use: SectionUse, sensor: Sensor) -> Iterator[RegisterUse]:
    """Registers with a duty first, then those of planes, then analog ones."""
    digital, analog = sensor.digital, sensor.analog
    duties = dict.fromkeys(digital.mask, "kept at one") | dict.fromkeys(digital.direction, "shift direction")
    duties |= dict.fromkeys(digital.flag, "mask")
    for register in (name for name in digital.all if name in use.registers):
        roles = dict.fromkeys(_role(plane) for plane in use.registers[register])
        if register in duties:
            roles = {duties[register]: None, **roles}
        yield RegisterUse(register, ", ".join(roles), "digital")
    for register in (name for name in analog.storage + analog.port if name in use.registers):
        yield RegisterUse(register, "port" if register in analog.port else _CHARGE, "analog")


def _role(plane: str) -> str:
    if plane.startswith(_LOADED):
        return "weights and constants"
    return _ROLES.get(plane.removesuffix(", spilled"), "maps and counts")


def _notes(allocation: Allocation, spills_to: tuple[str, ...]) -> Iterator[str]:
    for place in spills_to:
        yield f"some of the planes spill here, to {'analog registers' if place == 'analog' else 'the controller'}"
