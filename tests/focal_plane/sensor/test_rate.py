"""Time and energy of a frame: lower bound, calibrated, published."""

from dataclasses import replace

import pytest

from larq_focal.focal_plane import fit, load_sensor
from larq_focal.focal_plane.machine import Simulator, assemble
from larq_focal.focal_plane.sensor.calibration import load_published
from larq_focal.focal_plane.sensor.rate import estimates, published_estimate
from larq_focal.network.graph import QuantGraph
from tests.focal_plane.graphs import two_layer_network
from tests.focal_plane.machine.programs import launched

SENSOR = load_sensor("scamp5")
WORDS = {"digital": 900, "shift": 100}
CALLS = {"load_pattern": 10, "global_sum_16": 1, "read_plane": 1, "flood": 0}


def test_lower_bound_takes_words_and_published_calls():
    bound = estimates(WORDS, CALLS, SENSOR)[0]
    assert bound.kind == "lower bound"
    assert bound.latency_us == pytest.approx(100 + 14)
    assert bound.frames_per_second == pytest.approx(1e6 / 114)
    assert bound.chip_energy_uj == pytest.approx(123), "123 nJ for each word"
    assert bound.system_energy_uj == pytest.approx(114 * 1.5)
    assert bound.left_out == ("load_pattern", "read_plane")


def test_calibrations_add_what_they_tell():
    liu_lu, analognet = estimates(WORDS, CALLS, SENSOR)[1:]
    assert liu_lu.source == "Liu and Lu 2022" and analognet.source == "AnalogNet2"
    assert liu_lu.latency_us == pytest.approx(146 + 71.6 + 14)
    assert analognet.latency_us == pytest.approx(343 + 14)
    assert liu_lu.chip_energy_uj == pytest.approx(liu_lu.latency_us * 1.23)
    assert liu_lu.left_out == analognet.left_out == ("read_plane",), "what nobody tells stays unknown"


def test_published_figures_stand_as_they_are():
    published = published_estimate(load_published("analognet2"))
    assert (published.kind, published.latency_us, published.frames_per_second) == ("published", 463, 2260)
    assert (published.chip_energy_uj, published.system_energy_uj) == (None, 700)


def test_without_clock_or_power_nothing_is_made_up():
    assert estimates(WORDS, CALLS, replace(SENSOR, clock_hz=None)) == ()
    bound = estimates(WORDS, CALLS, replace(SENSOR, chip_power_w=None, system_power_w=None))[0]
    assert bound.latency_us and bound.chip_energy_uj is None and bound.system_energy_uj is None


def test_a_run_of_the_simulator_is_counted_alike():
    simulator = Simulator(SENSOR)
    run = simulator.run(assemble(launched("AND(R5, R6, R7)", "add(A, B, C)"), simulator.instruction_set))
    bound, liu_lu, _ = estimates(run.icw, run.calls, SENSOR)
    assert bound.latency_us == pytest.approx(0.6) and bound.left_out == ("kernel_launch",)
    assert liu_lu.latency_us == pytest.approx(0.6 * 1.46) and liu_lu.left_out == ()


def test_fit_sets_the_three_figures_side_by_side():
    graph = two_layer_network(side=16, maps=4)
    report = fit(QuantGraph("liu2022", graph.ops, graph.outputs))
    kinds = [estimate.kind for estimate in report.estimates]
    assert kinds == ["lower bound", "calibrated", "calibrated", "published"]
    assert report.estimates[0].latency_us == report.latency_lower_bound_us
    assert report.estimates[-1].frames_per_second == 283
    assert [estimate.kind for estimate in fit(graph).estimates] == kinds[:-1]


def test_published_figures_are_there_also_where_nothing_fits():
    graph = two_layer_network(bits=32)
    report = fit(QuantGraph("bose2020", graph.ops, graph.outputs))
    assert report.verdict == "NO FIT"
    assert [(estimate.kind, estimate.frames_per_second) for estimate in report.estimates] == [("published", 4464)]


def test_fit_states_the_reduction_with_its_bit_depth():
    report = fit(two_layer_network(side=16, maps=4))
    assert (report.raw_bits, report.raw_pixel_bits) == (256 * 256 * 8, 8)
    assert report.data_reduction == report.raw_bits / report.bits_read == 256 * 256 * 8 / (16 * 16 * 4)
