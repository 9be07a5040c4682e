"""Pointwise convolutions to one channel, whose counts are added up where they come together."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from larq_focal.focal_plane.compiler import compile_network
from larq_focal.network import QuantGraph, interpret
from tests.focal_plane.compiler.random_layers import Draw, images, network, small


def checked(graph: QuantGraph, sensor, **options):
    """The program, which gives the interpreter's values at every pixel."""
    inputs = images(graph, 2)
    compiled = compile_network(graph, sensor, **options)
    expected = interpret(graph, inputs, graph.outputs)
    for name, values in compiled.run(inputs).items():
        np.testing.assert_array_equal(values, expected[name])
    return compiled


def counts_of(graph: QuantGraph) -> QuantGraph:
    """The network up to the sums of its layer, which the controller reads."""
    return QuantGraph("counts", [graph[name] for name in ("image", "bits", "conv")], ["conv"])


@settings(max_examples=25, deadline=None)
@given(
    st.integers(2, 20),
    st.integers(1, 2),
    st.booleans(),
    st.booleans(),
    st.sampled_from(("scamp5", "scamp7")),
    st.sampled_from(("interleaved", "tiled")),
    st.integers(0, 99),
)
def test_sums_and_signs_are_those_of_the_network(channels, stride, is_ternary, is_read, sensor, placement, seed):
    draw = Draw(in_channels=channels, out_channels=1, kernel_size=1, stride=stride, is_ternary=is_ternary, seed=seed)
    graph = network(draw)
    checked(counts_of(graph) if is_read else graph, small(sensor), placement=placement)


@pytest.mark.parametrize("is_read", [True, False])
def test_weights_that_are_all_0_count_nothing(is_read):
    graph = network(Draw(in_channels=2, out_channels=1, kernel_size=1, is_ternary=True, seed=1))
    assert not graph["conv"].kernel.codes.any()
    checked(counts_of(graph) if is_read else graph, small("scamp5"))


@pytest.mark.parametrize("placement", ["interleaved", "tiled"])
def test_it_takes_a_load_for_some_channels_and_not_for_each(placement):
    graph = counts_of(network(Draw(in_channels=16, out_channels=1, kernel_size=1, seed=3)))
    compiled = checked(graph, small("scamp5"), placement=placement)
    assert compiled.calls["load_pattern"] < 8
