"""The verdict on one convolution: the cheapest schedule that fits."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from larq_focal.focal_plane.fits.conv_layer import ConvLayer
from larq_focal.focal_plane.fits.map_placement import Placement, place
from larq_focal.focal_plane.fits.plans import Plan, plans
from larq_focal.focal_plane.sensor import Sensor
from larq_focal.focal_plane.sensor.spills import Spill
from larq_focal.verdicts.verdict import Verdict


@dataclass(frozen=True)
class Judgement:
    """``plan`` is the one chosen, or the one that lacks least where none fits; None where none can be made."""

    verdict: Verdict
    placement: Placement | None
    plans: tuple[Plan, ...]
    plan: Plan | None
    reasons: tuple[str, ...]


def judge(layer: ConvLayer, sensor: Sensor, spill: Spill = "analog") -> Judgement:
    """Judges one layer by itself.

    An input that comes straight from the pixels is taken as thresholded there. Of the plans that fit, exact ones come
    before analog ones, those without a spill before those with one, and then the one of fewest instruction words.
    ``spill``: how far planes may go.
    """
    placement = place(layer, sensor)
    reasons = tuple(_obstacles(layer, placement, sensor))
    if reasons:
        return Judgement(Verdict.NO_FIT, placement, (), None, reasons)
    candidates = tuple(plans(layer, placement, sensor, spill))
    fitting = [plan for plan in candidates if plan.fits]
    if not fitting:
        nearest = min(candidates, key=lambda plan: (not plan.is_exact, len(plan.digital) + len(plan.analog)))
        return Judgement(Verdict.NO_FIT, placement, candidates, nearest, nearest.reasons)
    plan = min(fitting, key=lambda plan: (not plan.is_exact, plan.spilled > 0, plan.icw))
    return Judgement(Verdict.SPILL if plan.spilled else Verdict.FIT, placement, candidates, plan, ())


def _obstacles(layer: ConvLayer, placement: Placement | None, sensor: Sensor) -> Iterator[str]:
    """What keeps a layer from the array whatever the schedule."""
    if layer.weight_bits > 1 and not layer.is_ternary:
        yield f"the weights have {layer.weight_bits} bits; the array multiplies 1-bit and ternary ones"
    if layer.input_bits > 1 and not layer.from_pixels:
        yield f"the input has {layer.input_bits} bits; the array multiplies 1-bit ones"
    if placement is None:
        yield (
            f"a map of {layer.height}x{layer.width} pixels is larger than the array of {sensor.height}x{sensor.width}"
        )
