"""Sums of convolutions and one-bit maps before a sign: equal to the interpreter at every pixel, borders included."""

from __future__ import annotations

import numpy as np
import pytest

from larq_focal.focal_plane import sensor_names
from larq_focal.focal_plane.compiler import compile_network, operation_code
from larq_focal.focal_plane.compiler.layers.sums import forms
from larq_focal.network import QuantGraph, interpret, ops
from tests.focal_plane.compiler.on_sensors import check
from tests.focal_plane.compiler.random_layers import images, small
from tests.focal_plane.compiler.random_sums import SumDraw, drawn, network
from tests.focal_plane.graphs import conv, sign

SENSOR = small("scamp5")
DRAWS = 40


@pytest.mark.parametrize(
    "changes",
    [
        {"kernel_sizes": (3, 3), "ratios": (1, 1)},
        {"kernel_sizes": (3, 2), "ratios": (2, 1), "is_ternary": True, "channels": 2},
        {"kernel_sizes": (3, 1), "ratios": (-1, 1.5), "pad_value": 1.0, "channels": 2},
        {"kernel_sizes": (2, 1), "ratios": (1, 1), "shortcuts": 1, "stride": 2, "pad_value": -1.0},
        {"kernel_sizes": (1, 2, 3), "ratios": (1, 1, 1), "channels": 1, "pool": "before"},
        {"kernel_sizes": (5, 5), "ratios": (1, 1), "channels": 1, "pad_value": 1.0},
        {"shortcuts": 1, "groups": 4},
        {"shortcuts": 1, "normalised": True, "groups": 4, "is_followed": True},
        {"shortcuts": 2, "normalised": True, "is_ternary": True, "channels": 3, "pool": "after"},
        {"shortcuts": 1, "normalised": True, "groups": 4, "pool": "before"},
        {"kernel_sizes": (2,), "shortcuts": 1, "normalised": True, "stride": 2, "pad_value": 1.0},
    ],
    ids=lambda changes: "-".join(f"{key}={value}" for key, value in changes.items()),
)
def test_sums_equal_the_interpreter(changes):
    verdicts = check(network(SumDraw(**changes)), count=2)
    assert set(verdicts.values()) <= {"fit", "spill"}
    assert set(verdicts) == set(sensor_names())


@pytest.mark.slow
def test_random_sums_equal_the_interpreter():
    verdicts = [check(network(drawn(seed)), seed=seed) for seed in range(DRAWS)]
    for name in sensor_names():
        fitting = sum(verdict[name] in ("fit", "spill") for verdict in verdicts)
        assert fitting >= 0.9 * DRAWS, f"only {fitting} sums fit {name}"


@pytest.mark.parametrize("shortcuts", [1, 2])
@pytest.mark.parametrize("normalised", [False, True])
def test_maps_are_counted_or_choose_as_takes_fewer_words(shortcuts, normalised, monkeypatch):
    graph = network(SumDraw(shortcuts=shortcuts, normalised=normalised, groups=4))
    taken = compile_network(graph, SENSOR).total_icw
    words = []
    for index in range(2):
        monkeypatch.setattr(operation_code, "forms", lambda *parts, index=index: [list(forms(*parts))[index]])
        compiled = compile_network(graph, SENSOR)
        words.append(compiled.total_icw)
        inputs = images(graph, 1)
        expected = interpret(graph, inputs, graph.outputs)
        for name, values in compiled.run(inputs).items():
            np.testing.assert_array_equal(values, expected[name])
    assert taken == min(words)


def test_what_is_added_lies_where_the_convolution_puts_it():
    """One source went through a stride before, and has larger blocks; the other goes through it in the sum."""
    image = ops.Input(name="image", shape=(8, 8, 1))
    bits = sign("bits", image)
    half = {"strides": (2, 2), "shape": (4, 4, 4)}
    first, small_maps = conv("first", bits, 4, **half), conv("small", bits, 4, **half)
    maps = sign("maps", small_maps)
    second = conv("second", maps, 4)
    total = ops.Add(name="sum", inputs=("first", "second", "maps"), shape=(4, 4, 4))
    for layer, seed in ((first, 0), (small_maps, 1), (second, 2)):
        layer.kernel.codes[:] = np.random.default_rng(seed).choice([-1, 1], layer.kernel.codes.shape)
    graph = QuantGraph("sum", [image, bits, first, small_maps, maps, second, total, sign("out", total, 1.0)], ["out"])
    assert set(check(graph, count=2).values()) <= {"fit", "spill"}
    assert not compile_network(graph, SENSOR).tail


def test_the_signs_of_the_pixels_are_a_shortcut():
    """They lie on every pixel of a block, the convolution on one."""
    image = ops.Input(name="image", shape=(8, 8, 1))
    bits = sign("bits", image)
    layer = conv("layer", bits, 1)
    total = ops.Add(name="sum", inputs=("bits", "layer"), shape=(8, 8, 1))
    behind = conv("behind", sign("signs", total), 2)
    operations = [image, bits, layer, total, sign("signs", total), behind, sign("out", behind)]
    assert check(QuantGraph("pixels", operations, ["signs", "out"]), count=2)["scamp5"] == "fit"
