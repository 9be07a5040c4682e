"""Schedules: registers, words and calls that they need, and the verdict that follows."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from larq_focal.focal_plane import Verdict, load_sensor
from larq_focal.focal_plane.fits.conv_layer import HeldValue
from larq_focal.focal_plane.fits.judgement import judge
from larq_focal.focal_plane.fits.map_placement import place
from larq_focal.focal_plane.fits.plans import plans
from larq_focal.focal_plane.fits.register_map import MISSING, analog_needed, digital_needed, register_map
from tests.focal_plane.fits.layers import SCAMP5, layer, layers, sensor

FIRST = layer(out_channels=16)
SECOND = layer(in_channels=16, out_channels=16)


def plan(schedule: str, shape, target=SCAMP5, counter: str | None = None):
    """The first plan of that schedule: the one with a ripple counter, where there are two."""
    found = [p for p in plans(shape, place(shape, target), target) if p.schedule == schedule]
    return next(p for p in found if counter in (None, p.counter))


@pytest.mark.parametrize(("schedule", "fan_in"), [("S1", 15), ("S2", 63), ("S3", 127), ("S4", 8191), ("analog", 12)])
def test_largest_fan_in_on_13_registers(schedule, fan_in):
    """Counts of 4, 6, 7 and 7 + 6 bits beside R0 to R4 and the planes of the schedule; 127 / 10 steps of PixelRNN."""
    assert plan(schedule, layer()).max_fan_in == fan_in


def test_first_layer_in_the_published_schedule():
    """3x3, 16 filters on 16 tiles: all 13 registers, as in the layers of Bose 2020 and Liu & Lu 2022."""
    published = plan("S1", FIRST)
    uses = register_map(published, SCAMP5)
    assert published.fits and digital_needed(uses, SCAMP5) == 13 and analog_needed(uses, SCAMP5) == 0
    assert published.steps_icw == {"shift": 50, "multiply": 36, "count": 94, "threshold": 5}
    assert published.icw == 185
    assert published.calls == {"kernel_launch": 1, "load_pattern": 9, "flood": 9}


def test_carry_save_counting_takes_the_first_layer_in_the_same_registers():
    faster = plan("S1", FIRST, counter="carry-save")
    assert faster.digital[:4] == plan("S1", FIRST).digital[:4] and len(faster.digital) == 8
    assert judge(FIRST, SCAMP5).plan == faster and faster.icw == 50 + 36 + 55 + 5


def test_second_layer_does_not_fit_without_a_spill():
    """Fan-in 144 needs 8 bits; the schedules leave 4, 6 and 7 of 13 registers."""
    assert [plan(schedule, SECOND).fits for schedule in ("S1", "S2", "S3", "S4")] == [False, False, False, True]
    assert digital_needed(register_map(plan("S3", SECOND), SCAMP5), SCAMP5) == 14
    assert not plan("analog", SECOND).fits


def test_second_layer_fits_with_one_spill():
    spilled = plan("S4", SECOND)
    uses = register_map(spilled, SCAMP5)
    assert digital_needed(uses, SCAMP5) == 13
    assert [use.role for use in uses if use.register == "A"] == ["spilled counter bit 7"]
    assert spilled.steps_icw["spill"] == 9 * (144 - 127)  # only the inputs from 128 on reach bit 7
    assert spilled.icw == pytest.approx(6550, rel=0.01)
    assert judge(SECOND, SCAMP5).verdict is Verdict.SPILL


@pytest.mark.parametrize(("groups", "schedule"), [(2, "S3"), (4, "S2"), (16, "S1")])
def test_groups_of_the_second_layer(groups, schedule):
    judged = judge(replace(SECOND, groups=groups), SCAMP5)
    assert judged.verdict is Verdict.FIT and judged.plan.schedule == schedule


def test_second_layer_fits_23_registers():
    assert judge(SECOND, load_sensor("scamp7")).verdict is Verdict.FIT


def test_weight_bits():
    assert (FIRST.weights, SECOND.weights) == (144, 2304)


def test_own_thresholds_are_compared_bit_by_bit():
    assert plan("S1", replace(FIRST, own_thresholds=True)).steps_icw["threshold"] == 4 * 5


def test_ternary_weights_take_a_second_packed_plane():
    binary, ternary = plan("S1", FIRST), plan("S1", replace(FIRST, weight_bits=2, is_ternary=True))
    assert len(ternary.digital) == len(binary.digital) + 1
    assert ternary.calls["load_pattern"] == 2 * binary.calls["load_pattern"]


def test_more_maps_than_tiles_take_passes_and_planes():
    once, twice = plan("S3", FIRST), plan("S3", replace(FIRST, out_channels=17))
    assert twice.icw == 2 * once.icw
    assert twice.digital.count("finished output maps") == 1
    counts = plan("S3", replace(FIRST, out_channels=17, output_bits=None))
    assert counts.digital.count("finished output maps") == 4


def test_held_values_take_registers():
    bit, charge = HeldValue("bit", 64, 64, 17, 1), HeldValue("charge", 64, 64, 17, 32)
    held = plan("S3", replace(FIRST, held_values=(bit, charge)))
    assert held.digital.count("held value 'bit'") == 2 and held.analog.count("held value 'charge'") == 2


def test_filter_larger_than_its_tile_cannot_be_packed():
    small = replace(FIRST, height=2, width=2)
    assert "does not fit in a tile of 2x2" in plan("S1", small).reasons[0]


def test_sensor_without_propagation_cannot_flood():
    blind = sensor(propagation=(), free=(*SCAMP5.digital.free, "R12"))
    assert "no propagation register" in plan("S1", FIRST, blind).reasons[0]
    assert plan("S2", FIRST, blind).fits


def test_fewer_direction_registers_need_temporaries_elsewhere():
    assert plan("S3", FIRST, sensor(direction=("R1", "R2"))).digital.count("temporary") == 2


def test_unknown_analog_range_gives_no_analog_schedule():
    unknown = replace(SCAMP5, analog=replace(SCAMP5.analog, smallest_step=None))
    assert plan("analog", FIRST, unknown).max_fan_in == 0 and not plan("analog", FIRST, unknown).fits


def test_analog_counting_is_the_last_resort():
    few = sensor(free=("R5",), propagation=())
    judged = judge(FIRST, replace(few, analog=replace(few.analog, storage=("A", "B"))))
    assert judged.plan.schedule == "analog" and judged.verdict is Verdict.FIT


@given(layers(), st.sampled_from(["scamp5", "scamp5_programmer", "scamp7", "template"]))
def test_verdict_agrees_with_the_registers(shape, name):
    target = load_sensor(name)
    judged = judge(shape, target)
    if judged.plan is None:
        assert judged.verdict is Verdict.NO_FIT and judged.reasons
        return
    uses = register_map(judged.plan, target)
    digital, analog = digital_needed(uses, target), analog_needed(uses, target)
    enough = digital <= target.digital.nominal and analog <= target.analog.nominal
    assert enough == all(use.register != MISSING for use in uses)
    assert enough or judged.verdict is Verdict.NO_FIT
    assert (judged.verdict is Verdict.NO_FIT) == bool(judged.reasons)
    assert (judged.verdict is Verdict.SPILL) == (judged.verdict is not Verdict.NO_FIT and judged.plan.spilled > 0)
    if judged.verdict is not Verdict.NO_FIT:
        assert shape.fan_in <= judged.plan.max_fan_in


@given(layers(), st.sampled_from(["scamp5", "scamp7"]))
def test_no_register_has_two_roles(shape, name):
    target = load_sensor(name)
    for candidate in judge(shape, target).plans:
        names = [use.register for use in register_map(candidate, target) if use.register != MISSING]
        assert len(names) == len(set(names))


def needs(shape, target) -> list[int]:
    return [len(p.digital) + len(p.analog) for p in judge(shape, target).plans]


@given(layers(), st.sampled_from(["in_channels", "out_channels"]), st.integers(1, 9))
def test_more_channels_never_need_fewer_registers(shape, channels, more):
    larger = replace(shape, **{channels: getattr(shape, channels) + more * shape.groups})
    assert all(a <= b for a, b in zip(needs(shape, SCAMP5), needs(larger, SCAMP5), strict=True))
    assert judge(shape, SCAMP5).verdict.rank <= judge(larger, SCAMP5).verdict.rank


@given(layers(), st.integers(1, 4))
def test_groups_never_need_more_registers(shape, split):
    grouped = replace(shape, groups=shape.groups * split)
    if shape.in_channels % grouped.groups or shape.out_channels % grouped.groups:
        return
    assert all(a >= b for a, b in zip(needs(shape, SCAMP5), needs(grouped, SCAMP5), strict=True))
    assert judge(shape, SCAMP5).verdict.rank >= judge(grouped, SCAMP5).verdict.rank


@given(layers())
def test_more_registers_never_hurt(shape):
    assert judge(shape, SCAMP5).verdict.rank >= judge(shape, load_sensor("scamp7")).verdict.rank


@given(layers())
def test_both_counts_of_one_chip_judge_alike(shape):
    assert judge(shape, SCAMP5) == judge(shape, load_sensor("scamp5"))
