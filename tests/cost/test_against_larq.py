"""Costs of larq-zoo's networks against larq's own count, and against the sizes that larq publishes."""

import pytest

from larq_focal.cost import summary
from larq_focal.network.load import as_graph

pytestmark = pytest.mark.slow

PUBLISHED_MIB = {  # larq/docs, docs/zoo/index.md as of October 2020 (https://docs.larq.dev/zoo/)
    "sota.QuickNetSmall": 4.00,
    "literature.BiRealNet": 4.00,
    "literature.DoReFaNet": 22.80,
}


@pytest.mark.own_process
@pytest.mark.parametrize("name", PUBLISHED_MIB)
def test_zoo_network(name):
    from larq_focal.keras import larq

    zoo = pytest.importorskip("larq_zoo", reason="needs larq-zoo: pip install larq_focal[larq]")
    family, network = name.split(".")
    model = getattr(getattr(zoo, family), network)(weights=None)
    graph, profile = as_graph(model), larq.models.ModelProfile(model)
    costs = summary(graph)

    # Larq leaves out the scales of kernels, which are +-s rather than +-1 in Bi-Real Net and DoReFa-Net.
    bytes_without_scales = costs.parameter_bytes - 4 * sum(op.kernel.stored_scales for op in graph.layers)
    assert bytes_without_scales == profile.memory / 8
    assert bytes_without_scales / 2**20 == pytest.approx(PUBLISHED_MIB[name], abs=0.011)
    assert costs.float32_bytes == profile.fp_equivalent_memory / 8

    # Larq names a multiplication by the wider of its two operands.
    by_wider = {bits: profile.op_count("mac", bits) for bits in profile.unique_op_precisions}
    counted = {max(bits): count for bits, count in costs.macs_by_bits.items()}
    assert counted == by_wider
