"""Layers that a charge counts: exact in the simulator's exact mode, as long as a step keeps within the range."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from larq_focal.focal_plane import load_sensor
from larq_focal.focal_plane.compiler import UnsupportedError, compile_network
from larq_focal.focal_plane.compiler.layers.accumulation import accumulation
from larq_focal.focal_plane.compiler.layers.convolution import Convolution
from larq_focal.focal_plane.machine import disassemble, load_noise
from larq_focal.network import interpret
from tests.focal_plane.compiler.random_layers import Draw, drawn, images, network, small
from tests.focal_plane.compiler.test_spills import checked, tight
from tests.support.printing import printed

SCAMP5 = load_sensor("scamp5")
DRAWS = 40


def folded(weights: np.ndarray, thresholds: np.ndarray) -> Convolution:
    """1x1 pixels under a valid kernel of ``weights`` ``[taps, out]``, which counts from 0."""
    codes = weights[None, :, None, :]
    return Convolution(None, codes, ((0, 0), (0, 0)), np.abs(codes).sum((0, 1, 2))[None, None])


@settings(max_examples=60, deadline=None)
@given(st.integers(1, 40), st.integers(1, 6), st.booleans(), st.integers(0, 2**32 - 1))
def test_whatever_the_order_the_charge_tells_the_count(taps, channels, is_ternary, seed):
    """The exact mode saturates after every write; each addition is two."""
    rng = np.random.default_rng(seed)
    weights = rng.integers(-1, 2, (taps, channels)) if is_ternary else rng.choice([-1, 1], (taps, channels))
    nonzero = np.abs(weights).sum(0)
    thresholds = rng.integers(-1, nonzero + 3)[None, None]
    plan = accumulation(folded(weights, thresholds), thresholds, SCAMP5)
    if plan is None:
        assert nonzero.max() > 60
        return
    for bits in (rng.random((20, taps)) < rng.random((20, 1))) if taps > 3 else np.ndindex(*(2,) * taps):
        bits = np.asarray(bits, bool)
        charge = plan.starts[0, 0].astype(int)
        lowest, highest = charge.min(), charge.max()
        for tap in rng.permutation(taps):
            steps = plan.step * weights[tap] * bits[tap]
            inverse = np.clip(-(charge + steps), -128, 127)
            charge = np.clip(-inverse, -128, 127)
            lowest, highest = min(lowest, charge.min()), max(highest, charge.max())
        counts = np.where(weights > 0, bits[:, None], (weights < 0) & ~bits[:, None]).sum(0)
        np.testing.assert_array_equal(charge > 0, counts >= thresholds[0, 0])
        assert plan.lowest <= lowest and highest <= plan.highest


@pytest.mark.parametrize("weights", ["packed", "analog"])
@pytest.mark.parametrize("is_ternary", [False, True])
def test_weights_may_come_from_tiles(weights, is_ternary):
    draw = Draw(height=14, width=15, out_channels=8, kernel_size=5, is_ternary=is_ternary, seed=5)
    graph = network(draw)
    sensor = small("scamp5", 64, 64)
    compiled = compile_network(graph, sensor, analog_counting=True, placement="tiled", weights=weights)
    inputs = images(graph, 2)
    expected = interpret(graph, inputs, graph.outputs)
    for output, values in compiled.run(inputs).items():
        np.testing.assert_array_equal(values, expected[output])
    floods = sum(words.get("propagation", 0) for words in compiled.icw.values())
    assert list(compiled.accumulations) == ["conv"]
    assert floods >= 25


def test_the_step_is_the_largest_that_fits():
    """Nine weights of +1 and a threshold of 5: half a step above zero and 4 more counts must stay below 128."""
    plan = accumulation(folded(np.ones((9, 1), int), None), np.full((1, 1, 1), 5), SCAMP5)
    assert plan.step == 28 and (28 + 1) // 2 + 4 * 28 <= 127 < (29 + 1) // 2 + 4 * 29
    assert plan.starts.item() == 14 - 5 * 28
    wide = accumulation(folded(np.ones((300, 1), int), None), np.full((1, 1, 1), 150), SCAMP5)
    assert wide is None


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"padding": "same"},
        {"is_ternary": True, "out_channels": 16},
        {"in_channels": 4, "groups": 2, "out_channels": 8, "stride": 2, "padding": "same", "pad_value": 1.0},
        {"in_channels": 4, "groups": 4},
        {"kernel_size": 5, "out_channels": 1, "pool": "before"},
        {"height": 30, "width": 30, "out_channels": 9},  # more channels than a plane has room for
        {"height": 20, "width": 20, "out_channels": 9, "is_ternary": True},  # blocks that no address pattern knows
    ],
    ids=lambda changes: "-".join(f"{key}={value}" for key, value in changes.items()) or "plain",
)
def test_layers_equal_the_interpreter(changes):
    checked(Draw(**changes), small("scamp5"), analog_counting=True)


@pytest.mark.parametrize("seed", range(6))
def test_charges_and_spills_keep_out_of_each_other(seed):
    """Moves to analog registers change FLAG and IN, which the chain of additions needs."""
    checked(drawn(seed), tight(free=2, analog=4), analog_counting=True, spill="controller")


@pytest.mark.slow
def test_random_layers_equal_the_interpreter():
    by_words = replace(small("scamp5"), calibrations=())  # by time, adders are often as good
    charged = sum(bool(checked(drawn(seed), by_words, analog_counting=True).accumulations) for seed in range(DRAWS))
    assert charged >= 0.6 * DRAWS


def test_it_is_never_chosen_unasked():
    compiled = compile_network(network(Draw(out_channels=16, kernel_size=4)), small("scamp5"))
    assert not compiled.accumulations and "add(" not in disassemble(compiled.program)


def test_it_is_chosen_where_it_takes_fewer_words():
    layer = network(Draw(out_channels=16, kernel_size=4))
    digital, analog = (compile_network(layer, small("scamp5"), analog_counting=allowed) for allowed in (False, True))
    assert analog.total_icw < digital.total_icw and analog.allocation.peak < digital.allocation.peak
    point = compile_network(network(Draw(out_channels=4, kernel_size=1)), small("scamp5"), analog_counting=True)
    assert not point.accumulations  # one bit needs no counting


def test_it_avoids_a_spill():
    """3x3 with 4 channels on a sensor of few registers: 6 bits of count."""
    draw, sensor = Draw(in_channels=4), tight(free=3)
    assert checked(draw, sensor).allocation.spills_to == ("analog",)
    analog = checked(draw, sensor, analog_counting=True)
    assert analog.accumulations and not analog.allocation.spills_to


def test_counts_beyond_the_range_are_counted_digitally():
    """50 counts between -5 and 5."""
    sensor = small("scamp5")
    narrow = replace(sensor, analog=replace(sensor.analog, maximum=5))
    assert not checked(Draw(in_channels=2, kernel_size=5), narrow, analog_counting=True).accumulations
    assert checked(Draw(in_channels=2, kernel_size=5), sensor, analog_counting=True).accumulations


def test_the_report_tells_step_range_and_error():
    by_words = replace(small("scamp5"), calibrations=())  # by time, loads of analog values count too
    compiled = compile_network(network(Draw(out_channels=16)), by_words, analog_counting=True)
    told, (plan,) = compiled.to_dict()["analog_counting"]["conv"], compiled.accumulations.values()
    assert told["step"] == plan.step and told["operations"] == 9 and 0 < told["range_used"] <= 1
    error = plan.error(load_noise("scamp5"))
    assert told["bias_steps"] == error.bias / plan.step and told["step_exceeds_error"]
    assert f"step {plan.step}" in printed(compiled)
    renamed = replace(compiled, array=replace(compiled.array, sensor=replace(compiled.sensor, name="mine")))
    assert renamed.to_dict()["analog_counting"]["conv"]["bias_steps"] is None
    assert "unknown" in printed(renamed)


def test_sensors_that_cannot_are_refused_by_name():
    for sensor in (load_sensor("scamp7"), tight(analog=0)):  # no FLAG; no analog registers
        with pytest.raises(UnsupportedError, match=f"{sensor.name} has no analog registers that can count"):
            compile_network(network(Draw()), sensor, analog_counting=True)
