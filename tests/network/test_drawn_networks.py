"""What is written computes what the interpreter computes, on networks that nobody thought of."""

from hypothesis import HealthCheck, given, seed, settings

from tests.support.drawn_networks import drawn_inputs, networks
from tests.support.writer_contract import assert_written

EXAMPLES = 60
"""``benchmarks/drawn_networks.py`` does thousands."""


@seed(0)
@settings(
    max_examples=EXAMPLES, database=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large]
)
@given(networks())
def test_files_and_what_is_read_from_them_compute_the_same(graph):
    assert_written(graph, drawn_inputs(graph))
