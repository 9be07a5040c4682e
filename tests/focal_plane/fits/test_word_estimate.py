"""Words by formula, for layers without a program."""

from __future__ import annotations

import pytest

from larq_focal.focal_plane import load_sensor
from larq_focal.focal_plane.compiler import compile_network
from larq_focal.focal_plane.fits.word_estimate import carry_save_icw, words_at_least
from tests.focal_plane.compiler.random_layers import Draw, network, small
from tests.focal_plane.graphs import two_layer_network

ICW = load_sensor("scamp5").instruction_icw


@pytest.mark.parametrize(
    ("fan_in", "words"),
    [(9, 55), (16, 119), (25, 190), (36, 290), (64, 543), (144, 1254), (288, 2546), (576, 5134)],
)
def test_carry_save_counters(fan_in, words):
    """Words of half adders (5) and full adders (9), summed by a program written apart from this formula."""
    assert carry_save_icw(fan_in, ICW) == words


def test_no_program_takes_fewer():
    """The formula counts the products (4 words) and the adders of one plane alone."""
    sensor = small("scamp5")
    graph = network(Draw(in_channels=2, out_channels=4, height=8, width=8))
    (layer,) = graph.convolutions
    assert words_at_least(layer, sensor) == 18 * 4 + carry_save_icw(18, ICW)
    assert words_at_least(layer, sensor) <= sum(compile_network(graph, sensor).icw["conv"].values())


def test_wide_weights_have_no_estimate():
    (first, _) = two_layer_network(bits=32).convolutions
    assert words_at_least(first, small("scamp5")) is None
