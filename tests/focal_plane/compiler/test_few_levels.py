"""Encoded images of a few levels: the convolution of their signs is the same, to the last bit."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from larq_focal.focal_plane.compiler import compile_network
from larq_focal.focal_plane.compiler.input_stage.few_levels import levels_as_signs
from larq_focal.network import Kernel, QuantGraph, interpret, ops
from tests.focal_plane.compiler.random_layers import small
from tests.focal_plane.graphs import sign


def network(levels, channels: int = 1, groups: int = 1, padding: str = "valid", pad_value: float = 0, seed: int = 0):
    rng = np.random.default_rng(seed)
    image = ops.Input(name="image", shape=(7, 7, channels))
    boundaries = np.sort(rng.choice(np.arange(20, 236, 2), len(levels) - 1, replace=False)).astype(np.float32)
    encoded = ops.Quantize(
        name="encoded", inputs=("image",), shape=image.shape, levels=np.float32(levels), boundaries=boundaries
    )
    size = 5 if padding == "valid" else 7
    codes = rng.integers(-1, 2, (3, 3, channels // groups, 4)).astype(np.int8)
    layer = ops.Conv2D(
        name="layer",
        inputs=("encoded",),
        shape=(size, size, 4),
        kernel=Kernel(codes, np.float32([1, 0.3, 7, 1]), 2),
        padding=padding,
        pad_value=pad_value,
        groups=groups,
    )
    return QuantGraph("levels", [image, encoded, layer, sign("sign", layer, 0.9)], ["sign", "layer"])


def images(graph: QuantGraph) -> np.ndarray:
    return np.random.default_rng(1).integers(0, 256, (2, *graph.inputs[0].shape)).astype(np.float32)


@settings(max_examples=20)
@given(
    st.sampled_from([(-1, 0, 1), (-3, -1, 1, 3), (-2, -1, 0, 1, 2)]),
    st.integers(1, 3),
    st.sampled_from([("valid", 0), ("same", 0)]),
    st.integers(0, 99),
)
def test_the_same_values(levels, channels, padding, seed):
    graph = network(levels, channels, 1, *padding, seed=seed)
    changed = levels_as_signs(graph)
    assert changed.bits(changed["layer"].inputs[0]) == 1 and "encoded" not in changed
    expected, values = interpret(graph, images(graph)), interpret(changed, images(graph))
    np.testing.assert_array_equal(values["layer"], expected["layer"])
    np.testing.assert_array_equal(values["sign"], expected["sign"])


@pytest.mark.parametrize("pad_value", [-1, 1])
def test_a_border_of_a_level(pad_value):
    graph = network((-1, 0, 1), 1, 1, "same", pad_value)
    changed = levels_as_signs(graph)
    assert changed.bits(changed["layer"].inputs[0]) == 1
    np.testing.assert_array_equal(interpret(changed, images(graph))["sign"], interpret(graph, images(graph))["sign"])


@pytest.mark.parametrize(
    "graph",
    [network((0, 1, 2)), network((-1, 0, 3)), network((-1, 0, 1), 2, 2), network((-3, -1, 1, 3), 1, 1, "same", 1)],
)
def test_what_is_no_sum_of_signs_stays(graph):
    assert [op.name for op in levels_as_signs(graph)] == [op.name for op in graph]


def test_ternary_images_run_on_the_array():
    graph = network((-1, 0, 1))
    graph = graph.rewritten(graph.ops, ["sign"])
    compiled = compile_network(graph, small("scamp5"), pixel_range=(0, 255))
    (source,) = compiled.array.inputs
    assert source.to_dict()["kind"] == "light" and source.inexact == 0  # the boundaries are even
    np.testing.assert_array_equal(compiled.run(images(graph))["sign"], interpret(graph, images(graph))["sign"])
