"""Instruction words (ICW) of the steps that a layer takes, by formula.

Shifts by one pixel follow the code of L. Bose et al., ECCV 2020 (github.com/lauriebose/Scamp5-MNIST_AREG_CNN_example);
longer moves, channel rotation and spilling are counted on paper.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Literal

from larq_focal.focal_plane.fits import counter_costs
from larq_focal.focal_plane.fits.conv_layer import ConvLayer
from larq_focal.focal_plane.fits.map_placement import Placement
from larq_focal.focal_plane.sensor import Sensor

Counter = Literal["ripple", "carry-save", "analog"]

STEP_CLASS = {
    "shift": "shift",
    "rotate channels": "shift",
    "multiply": "digital",
    "count": "digital",
    "accumulate": "analog",
    "spill": "analog",
    "threshold": "digital",
    "pool": "digital",
}


def icw_by_class(steps_icw: Mapping[str, int]) -> dict[str, int]:
    """The same instruction words by clock class."""
    classes = dict.fromkeys(STEP_CLASS[step] for step in steps_icw)
    return {name: sum(n for step, n in steps_icw.items() if STEP_CLASS[step] == name) for name in classes}


def frame_steps_icw(
    counter: Counter, charged: Sequence[int], layer: ConvLayer, placement: Placement, sensor: Sensor
) -> dict[str, int]:
    """Instruction words of one frame, all passes, by kind of step; those that take none are left out.

    ``charged`` are the bits of the count that lie in analog registers.
    """
    icw, fan_in, passes = sensor.instruction_icw, layer.fan_in, placement.passes
    multiply = counter_costs.ternary_product_icw(icw) if layer.is_ternary else counter_costs.xnor_icw(icw)
    steps = {
        "shift": passes * _walk_icw(layer, placement, icw),
        "rotate channels": passes * (layer.channels_per_group - 1) * _rotation_icw(placement.pitch, icw),
        "multiply": passes * fan_in * multiply,
    }
    if counter == "analog":
        add = icw["select"] + icw["analog_add"] + icw["select_all"]
        steps["accumulate"] = passes * (icw["analog_reset"] + fan_in * add)
    else:
        count = counter_costs.ripple_icw if counter == "ripple" else counter_costs.carry_save_icw
        counted = layer.counted - layer.counted_after
        steps["count"] = passes * (count(counted, icw) - (count(counted - fan_in * layer.weight, icw)))
        steps["spill"] = passes * _spill_icw(fan_in * layer.weight, charged, icw)
    if layer.output_bits == 1 and not layer.counted_after:
        steps["threshold"] = passes * _threshold_icw(counter, layer, icw)
        pooled = layer.pool_size[0] * layer.pool_size[1]
        steps["pool"] = passes * (pooled - 1) * (shift_icw(placement.pitch, icw) + icw["or"] + icw["in_place"])
    return {step: count for step, count in steps.items() if count}


def shift_icw(pixels: int, icw: counter_costs.Costs) -> int:
    """SpillMoves a plane; from two pixels on the directions are set once and the plane is refreshed at the end."""
    further = (pixels - 1) * icw["shift"] + (icw["refresh"] if pixels > 1 else 0)
    return icw["select"] + icw["directed_shift"] + further + icw["select_all"]


def _walk_icw(layer: ConvLayer, placement: Placement, icw: counter_costs.Costs) -> int:
    """From the centre to a corner of the window, then from tap to tap, there and back for every channel."""
    rows, columns = layer.kernel_size
    down, right = (shift_icw(placement.pitch * step, icw) for step in layer.dilation)
    to_corner = rows // 2 * down + columns // 2 * right
    return to_corner + layer.channels_per_group * ((rows - 1) * down + rows * (columns - 1) * right)


def _rotation_icw(pitch: int, icw: counter_costs.Costs) -> int:
    """Brings the next channel of a ``pitch`` x ``pitch`` block to every pixel: along the row, then those that wrap.

    Where maps are not interleaved the next channel is another plane.
    """
    if pitch == 1:
        return icw["move"]
    row = shift_icw(1, icw) + shift_icw(pitch - 1, icw) + icw["multiplex"]
    return row + shift_icw(1, icw) + icw["multiplex"]


def spilled_touches(fan_in: int, bits: Iterable[int]) -> int:
    """How often spilled bits of a count are read and written: each for every input that can reach it."""
    return sum(fan_in - (1 << bit) + 1 for bit in bits)


def _spill_icw(fan_in: int, charged: Sequence[int], icw: counter_costs.Costs) -> int:
    read = icw["select"] + icw["move"] + icw["select_all"]
    write = icw["analog_reset"] + icw["select"] + icw["analog_add"] + icw["select_all"]
    return spilled_touches(fan_in, charged) * (read + write)


def _threshold_icw(counter: Counter, layer: ConvLayer, icw: counter_costs.Costs) -> int:
    if counter == "analog":
        return icw["select"] + icw["move"] + icw["select_all"]
    if layer.own_thresholds or layer.is_ternary:
        return counter_costs.compare_plane_icw(layer.counted, icw)
    return counter_costs.compare_constant_icw(layer.counted, (layer.counted + 1) // 2, icw)
