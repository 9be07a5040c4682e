"""Layers with random weights that stand in for a layer of which only the shape is known."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from larq_focal.focal_plane.compiler import compile_network
from larq_focal.focal_plane.fits.conv_layer import ConvLayer, conv_layer
from larq_focal.focal_plane.fits.stand_in import stand_in
from larq_focal.network import interpret
from tests.focal_plane.compiler.random_layers import images, small
from tests.focal_plane.fits.layers import layer

SHAPES = st.builds(
    layer,
    height=st.integers(9, 40),
    width=st.integers(9, 40),
    in_channels=st.sampled_from([2, 4, 6]),
    out_channels=st.sampled_from([2, 4, 8]),
    groups=st.sampled_from([1, 2]),
    kernel_size=st.tuples(st.integers(1, 4), st.integers(1, 4)),
    strides=st.sampled_from([(1, 1), (2, 2)]),
    dilation=st.sampled_from([(1, 1), (2, 2)]),
    same_padding=st.booleans(),
    output_bits=st.sampled_from([1, None]),
)


@settings(max_examples=30)
@given(SHAPES)
def test_it_has_the_shape_of_the_layer(shape: ConvLayer):
    graph = stand_in(shape)
    assert conv_layer(graph, graph[shape.name]) == shape
    assert (
        interpret(graph, images(graph, 1), graph.outputs)[graph.outputs[0]].shape[1:] == graph[graph.outputs[0]].shape
    )


@pytest.mark.parametrize("changes", [{}, {"pool_size": (2, 2), "own_thresholds": True}, {"output_bits": None}])
def test_it_compiles_to_what_the_interpreter_gives(changes):
    graph = stand_in(replace(layer(height=9, width=9, in_channels=4, out_channels=4, same_padding=True), **changes))
    inputs = images(graph, 1)
    expected = interpret(graph, inputs, graph.outputs)
    for name, values in compile_network(graph, small("scamp5")).run(inputs).items():
        np.testing.assert_array_equal(values, expected[name])
