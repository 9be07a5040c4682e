"""Compiled layers, simulated, against the interpreter: equal at every pixel, borders included."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from larq_focal.focal_plane import sensor_names
from larq_focal.focal_plane.compiler import RegisterError, StoreError, compile_network
from larq_focal.network import interpret
from tests.focal_plane.compiler import on_sensors
from tests.focal_plane.compiler.random_layers import Draw, drawn, images, network, small

DRAWS = 80


def check(draw: Draw, count: int = 1) -> dict[str, str]:
    """Simulates the layer under every sensor and returns the verdicts."""
    return on_sensors.check(network(draw), count, draw.seed)


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"padding": "same"},
        {"padding": "same", "pad_value": 1.0, "stride": 2},
        {"padding": "same", "pad_value": -1.0, "dilation": 2},
        {"is_ternary": True, "out_channels": 16},
        {"in_channels": 4, "groups": 4},
        {"in_channels": 4, "out_channels": 8, "groups": 2, "pool": "before"},
        {"in_channels": 3, "kernel_size": 2, "pool": "after", "pool_padding": "same", "pool_size": 3},
        {"kernel_size": 5, "out_channels": 1},
        {"height": 20, "width": 20, "out_channels": 9},  # blocks of 3 x 3 pixels, which no address pattern knows
        {"height": 30, "width": 30, "out_channels": 9},  # more channels than a plane has room for
    ],
    ids=lambda changes: "-".join(f"{key}={value}" for key, value in changes.items()) or "plain",
)
def test_layers_equal_the_interpreter(changes):
    assert set(check(Draw(**changes), count=3)) == set(sensor_names())


@pytest.mark.slow
def test_random_layers_equal_the_interpreter():
    verdicts = [check(drawn(seed)) for seed in range(DRAWS)]
    for name in sensor_names():
        fitting = sum(verdict[name] in ("fit", "spill") for verdict in verdicts)
        assert fitting >= 0.9 * DRAWS, f"only {fitting} layers fit {name}"


def test_the_layer_of_16_filters_needs_fewer_words_than_published_counts():
    """3x3, 16 filters, 64x64 pixels: 185 words counted by hand, in 13 registers.

    Neither weight fetches nor the look at the pixels, with its reset level, are in that count.
    """
    graph = network(Draw(height=64, width=64, out_channels=16))
    for name, registers in (("scamp5", 12), ("scamp5_programmer", 13)):
        compiled = compile_network(graph, name, placement="interleaved")
        inputs = images(graph, 2)
        expected = interpret(graph, inputs, graph.outputs)
        for output, values in compiled.run(inputs).items():
            np.testing.assert_array_equal(values, expected[output])
        assert sum(compiled.icw["conv"].values()) <= 185
        assert compiled.allocation.used <= registers
        assert not compiled.allocation.spills_to


def test_a_dense_layer_of_16_maps_fits_with_a_spill_and_more_groups_without():
    layer = Draw(in_channels=16, out_channels=16, height=12, width=12)
    assert check(layer) == {"scamp5": "spill", "scamp5_programmer": "spill", "scamp7": "fit"}
    for groups in (2, 16):  # 7 and 4 bits of count
        assert check(replace(layer, groups=groups)) == dict.fromkeys(sensor_names(), "fit")


@pytest.mark.parametrize(("channels", "groups"), [(16, 2), (14, 1)])
def test_counts_of_7_bits_fit_on_the_whole_array(channels, groups):
    """3x3 on 64x64 pixels, 72 and 126 taps: exact at the border, without a spill."""
    layer = Draw(in_channels=channels, out_channels=channels, groups=groups, height=64, width=64, padding="same")
    graph = network(layer)
    compiled = compile_network(graph, "scamp5", spill="none")
    assert compiled.allocation.used == 12
    inputs = images(graph, 1)
    expected = interpret(graph, inputs, graph.outputs)
    for output, values in compiled.run(inputs).items():
        np.testing.assert_array_equal(values, expected[output])


def test_without_a_spill_the_dense_layer_is_refused_with_its_reason():
    graph = network(Draw(in_channels=16, out_channels=16))
    with pytest.raises(RegisterError, match=r"'conv' holds .* planes at once"):
        compile_network(graph, small("scamp5"), spill="none")


def test_without_analog_registers_nothing_spills():
    sensor = small("scamp5")
    digital_only = replace(sensor, analog=replace(sensor.analog, storage=()))
    with pytest.raises(RegisterError):
        compile_network(network(Draw(in_channels=16, out_channels=16)), digital_only)


def test_a_small_store_is_kept_to():
    graph = network(Draw(in_channels=8, out_channels=8, groups=2, padding="same"))
    whole = compile_network(graph, replace(small("scamp5"), code_store_icw=None))
    limit = whole.store_icw * 2 // 3
    shorter = compile_network(graph, replace(small("scamp5"), code_store_icw=limit))
    assert shorter.store_icw <= limit < whole.store_icw
    inputs = images(graph, 1)
    expected = interpret(graph, inputs, graph.outputs)
    for output, values in shorter.run(inputs).items():
        np.testing.assert_array_equal(values, expected[output])
    with pytest.raises(StoreError, match="the store of scamp5 holds 20"):
        compile_network(graph, replace(small("scamp5"), code_store_icw=20))


def test_constant_signs():
    """Thresholds beyond any sum, and a kernel of zeros only."""
    for scale, bias in ((0.01, 5.0), (0.01, -5.0), (-0.01, 5.0)):
        graph = network(Draw(out_channels=4, is_ternary=True))
        ops = list(graph)
        index = next(i for i, op in enumerate(ops) if op.name == "normalised")
        channels = np.ones(4, np.float32)
        ops[index] = replace(ops[index], mean=0 * channels, scale=scale * channels, bias=bias * channels)
        changed = graph.rewritten(ops)
        inputs = images(changed, 1)
        expected = interpret(changed, inputs, changed.outputs)
        for output, values in compile_network(changed, small("scamp5")).run(inputs).items():
            np.testing.assert_array_equal(values, expected[output])
