"""What is written computes what the interpreter computes, on networks that nobody thought of."""

import pytest
from hypothesis import HealthCheck, given, seed, settings

from larq_focal.network.tflite import write_tflite
from larq_focal.network.tflite.read.from_tflite import from_tflite
from tests.support.drawn_networks import drawn_inputs, networks
from tests.support.writer_contract import assert_same, assert_written

EXAMPLES = 60
"""``benchmarks/drawn_networks.py`` does thousands."""


@seed(0)
@settings(
    max_examples=EXAMPLES, database=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large]
)
@given(networks())
def test_files_and_what_is_read_from_them_compute_the_same(graph):
    assert_written(graph, drawn_inputs(graph))


@pytest.mark.parametrize("packed", [True, False])
def test_what_is_written_and_read_stays_as_it_is(packed):
    """After some rounds: each may show the passes more, such as a kernel whose float weights turn out to be signs."""

    def again(graph):
        return from_tflite(write_tflite(graph, packed=packed))

    @seed(0)
    @settings(max_examples=EXAMPLES // 20, database=None, deadline=None, suppress_health_check=list(HealthCheck))
    @given(networks())
    def holds(graph):
        settled = again(again(again(graph)))
        assert_same(again(settled), settled)

    holds()
