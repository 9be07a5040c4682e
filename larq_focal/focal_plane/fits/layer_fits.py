"""The fit of single layers: on the array, with the program that proves it, and on the controller."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from larq_focal.focal_plane.compiler.layer_program import LayerProgram, layer_program
from larq_focal.focal_plane.compiler.layers.count import accumulator_bits
from larq_focal.focal_plane.fits.changes import Proof, changes_that_fit
from larq_focal.focal_plane.fits.conv_layer import ConvLayer
from larq_focal.focal_plane.fits.judgement import Judgement
from larq_focal.focal_plane.fits.layer_fit import LayerFit, Need, ScheduleFit
from larq_focal.focal_plane.fits.map_placement import place
from larq_focal.focal_plane.fits.notes import layer_notes
from larq_focal.focal_plane.fits.plans import Plan
from larq_focal.focal_plane.fits.readouts import Readout
from larq_focal.focal_plane.fits.register_map import analog_needed, digital_needed, register_map
from larq_focal.focal_plane.fits.stand_in import output_size, stand_in
from larq_focal.focal_plane.fits.step_costs import icw_by_class
from larq_focal.focal_plane.progress import Progress, silent
from larq_focal.focal_plane.sensor import Sensor
from larq_focal.focal_plane.sensor.rate import energy_lower_bound_uj, latency_lower_bound_us
from larq_focal.focal_plane.sensor.spills import IN_HOME, Spill
from larq_focal.network.graph import QuantGraph
from larq_focal.network.ops import Linear, Weighted
from larq_focal.text import counted
from larq_focal.verdicts.verdict import Verdict

MOST_TAPS_COMPILED = 300  # fan-in times passes; more takes longer than a person waits for a verdict
MOST_TAPS_TRIED = 100  # the same for a change that might fit, of which there are several
MOST_TAPS_AT_ONCE = 40  # the same where the verdict needs no program: about a second in all
MOST_WEIGHTS = 20_000  # of a layer that is compiled, however few its taps: each takes its place in an address pattern


def program_of(
    graph: QuantGraph,
    layer: ConvLayer,
    judged: Judgement,
    sensor: Sensor,
    spill: Spill = "analog",
    progress: Progress = silent,
) -> LayerProgram | None:
    """The program of a layer that fits by the formulas; None where it does not, or where it would take long."""
    if judged.verdict is Verdict.NO_FIT or not _is_small(layer, sensor, MOST_TAPS_COMPILED):
        return None
    return layer_program(graph, layer.name, sensor, spill, progress)


def _is_small(layer: ConvLayer, sensor: Sensor, most_taps: int) -> bool:
    placement = place(layer, sensor)
    if placement is None or layer.weights > MOST_WEIGHTS:
        return False
    return layer.counted * placement.passes <= most_taps


def _proof(most_taps: int, progress: Progress) -> Proof:
    """Tells whether a layer of a given shape can be, and has a program; None where it has more than ``most_taps``.

    None too where something else needs planes beside the layer.
    """

    def proof(layer: ConvLayer, sensor: Sensor, wanted: Verdict) -> bool | None:
        if min(output_size(layer)) < 1:
            return False
        beside = layer.held_values or layer.counted_with or layer.from_pixels
        if beside or not _is_small(layer, sensor, most_taps):
            return None
        spill = "analog" if wanted is Verdict.SPILL else "none"
        return layer_program(stand_in(layer), layer.name, sensor, spill, progress).verdict.fits

    return proof


def array_layer(
    op: Linear,
    layer: ConvLayer,
    judged: Judgement,
    program: LayerProgram | None,
    sensor: Sensor,
    spill: Spill = "analog",
    compiles: bool = True,
    progress: Progress = silent,
) -> LayerFit:
    """The fit of a layer on the array.

    Args:
        op: the layer with its weights.
        layer: its shape.
        judged: its verdict by the formulas.
        program: its program, where it was compiled.
        sensor: where it runs.
        spill: how far planes may move.
        compiles: whether changes are compiled too. All but the smallest are not if the layer itself is too large.
        progress: called with a line of text before each attempt at a program.
    """
    is_tried = compiles and _is_small(layer, sensor, MOST_TAPS_COMPILED)
    proof = _proof(MOST_TAPS_TRIED if is_tried else MOST_TAPS_AT_ONCE, progress)
    plan, placement = judged.plan, judged.placement
    verdict = program.verdict if program else judged.verdict
    uses = register_map(plan, sensor) if plan else ()
    digital, analog = sensor.digital, sensor.analog
    common = {
        "name": layer.name,
        "verdict": verdict,
        "fan_in": layer.fan_in,
        "accumulator_bits": accumulator_bits(layer.counted) if plan else None,
        **_weight_fields(op, sensor),
        "maps_per_plane": placement.maps_per_plane if placement else 0,
        "map_planes": placement.output_planes if placement else None,
        "spills_to": _spills_to(verdict, judged, program),
        "moves": program.moves if program else {},
        "changes": changes_that_fit(layer, sensor, replace(judged, verdict=verdict), proof, spill),
        "notes": (*layer_notes(layer, judged, sensor), *_program_notes(layer, judged, program, compiles)),
    }
    if plan is None:
        return LayerFit(
            **common,
            schedule=None,
            digital=Need(None, digital.nominal, None, len(digital.holders)),
            analog=Need(None, analog.nominal, None, len(analog.storage)),
        )
    return LayerFit(
        **common,
        max_fan_in=plan.max_fan_in,
        schedule=plan.schedule,
        counter=plan.counter,
        digital=Need(digital_needed(uses, sensor), digital.nominal, len(plan.digital), len(digital.holders)),
        analog=Need(analog_needed(uses, sensor), analog.nominal, len(plan.analog), len(analog.storage)),
        registers=uses,
        **(_costs(plan, program, sensor) if plan.fits else {}),
        considered=tuple(
            ScheduleFit(
                schedule=other.schedule,
                counter=other.counter,
                icw=other.icw,
                max_fan_in=other.max_fan_in,
                held_digital=len(other.digital),
                held_analog=len(other.analog),
                reason="; ".join(other.reasons),
            )
            for other in judged.plans
        ),
    )


def _spills_to(verdict: Verdict, judged: Judgement, program: LayerProgram | None) -> tuple[str, ...]:
    """Where planes are spilled to: by the program, or by the formulas where there is none."""
    if verdict is not Verdict.SPILL:
        return ()
    return tuple(program.moves) if program else judged.plan.spills_to


def _program_notes(layer: ConvLayer, judged: Judgement, program: LayerProgram | None, compiles: bool) -> Iterator[str]:
    if program is None:
        if judged.verdict is not Verdict.NO_FIT:
            why = "a layer of this size is not compiled here" if compiles else "another layer decides without a program"
            yield f"judged by formula: {why}"
    elif program.verdict is Verdict.NO_FIT:
        yield f"no program: {program.reason}"
    else:
        if program.reason:
            yield f"no program without a spill was found: {program.reason}"
        for place, moves in program.moves.items():
            yield f"spilled {IN_HOME[place]}, per frame: {moves.text}"
        alone = "with what it is added to" if layer.counted_with else "by itself"
        yield f"compiled {alone} to {counted(program.icw, 'instruction word')} and {program.used} digital registers"


def _costs(plan: Plan, program: LayerProgram | None, sensor: Sensor) -> dict[str, Any]:
    """By formula, but for the moves to the controller, which are those of the program where there is one.

    Each of them reads a whole plane out.
    """
    words, calls = icw_by_class(plan.steps_icw), dict(plan.calls)
    if program:
        moves = program.moves.get("controller")
        calls |= {"read_plane": moves.stores if moves else 0, "load_plane": moves.reloads if moves else 0}
    return {
        "icw": plan.icw,
        "steps_icw": plan.steps_icw,
        "calls": {call: count for call, count in calls.items() if count},
        "bits_read": calls.get("read_plane", 0) * sensor.plane_bits,
        "latency_lower_bound_us": latency_lower_bound_us(words, calls, sensor),
        "energy_lower_bound_uj": energy_lower_bound_uj(words, sensor),
    }


def controller_layer(op: Linear, readout: Readout | None, sensor: Sensor) -> LayerFit:
    note = "runs on the controller"
    if readout:
        note += (
            f", which reads {counted(readout.bits, 'bit')} per frame for it: {counted(readout.planes, 'plane')}, "
            f"{readout.planes * sensor.plane_bytes:,} bytes if read whole"
        )
    return LayerFit(
        name=op.name,
        verdict=Verdict.FIT,
        fan_in=op.kernel.fan_in,
        accumulator_bits=accumulator_bits(op.kernel.fan_in) if op.kernel.bits <= 2 else None,
        **_weight_fields(op, sensor),
        schedule="controller",
        digital=Need(0, sensor.digital.nominal, 0, len(sensor.digital.holders)),
        analog=Need(0, sensor.analog.nominal, 0, len(sensor.analog.storage)),
        icw=0,
        bits_read=readout.bits if readout else 0,
        notes=(note,),
    )


def unjudged_layer(op: Weighted, sensor: Sensor) -> LayerFit:
    """The fit of a layer of a kind that has no verdict."""
    return LayerFit(
        name=op.name,
        verdict=Verdict.NOT_JUDGED,
        fan_in=op.kernel.fan_in,
        accumulator_bits=None,
        **_weight_fields(op, sensor),
        schedule=None,
        digital=Need(None, sensor.digital.nominal, None, len(sensor.digital.holders)),
        analog=Need(None, sensor.analog.nominal, None, len(sensor.analog.storage)),
    )


def _weight_fields(op: Weighted, sensor: Sensor) -> dict[str, int]:
    """All weight bits of a layer, and the planes that they would fill: ternary weights take two."""
    planes = -(-op.kernel.size // sensor.plane_bits) * op.kernel.bits
    return {"weight_bits": op.kernel.size * op.kernel.bits, "weight_planes": planes}
