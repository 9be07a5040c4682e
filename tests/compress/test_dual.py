"""Two kernels of few bits for one."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from larq_focal import compress
from larq_focal.deploy.convert import convert
from larq_focal.network import QuantGraph, interpret, ops
from tests.compress.networks import float_kernel, network, normalised_network


def squared_error(expected: np.ndarray, *kernels) -> float:
    return float(np.square(expected - sum(kernel.values() for kernel in kernels)).sum())


@settings(max_examples=30, deadline=None)
@given(seed=st.integers(0, 1000), bits=st.integers(1, 4))
def test_two_kernels_are_no_worse_than_a_second_one_behind_the_best_first(seed, bits):
    kernel = float_kernel(20, 3, seed=seed)
    first, second = compress.dual_kernels(kernel, bits)
    alone = compress.quantize_kernel(kernel, bits)
    rest = compress.quantize_kernel(type(kernel)(kernel.values() - alone.values(), None, 32), bits)
    greedy = squared_error(kernel.values(), alone, rest)
    assert squared_error(kernel.values(), first, second) <= greedy * (1 + 1e-4)
    assert greedy < squared_error(kernel.values(), alone)
    assert {first.bits, second.bits} == {bits}


def test_the_worst_layers_have_two_kernels_and_the_network_computes_their_sum():
    graph = network()
    one = compress.quantize_weights(graph, 2, everywhere=True)
    two = compress.dual_weights(graph, 2, worst=2, everywhere=True)
    errors = {layer.name: layer.relative_error for layer in one.layers}
    worst = sorted(errors, key=errors.get)[-2:]
    added = [op.name for op in two.graph if isinstance(op, ops.Add)]
    assert sorted(added) == sorted(worst)
    x = np.random.default_rng(0).normal(size=(4, 6, 6, 3)).astype(np.float32)
    expected, once, twice = (interpret(each, x, ["last"])["last"] for each in (graph, one.graph, two.graph))
    assert np.square(twice - expected).sum() < 0.8 * np.square(once - expected).sum()


def test_normalisations_go_into_the_layers_first():
    graph = normalised_network()
    dual = compress.dual_weights(graph, 4, worst=1).graph
    assert not [op for op in dual if isinstance(op, ops.Affine)]
    x = np.random.default_rng(0).normal(size=(4, 6, 6, 32)).astype(np.float32)
    single = compress.quantize_weights(graph, 4).graph
    expected, found, once = (interpret(each, x, each.outputs)[each.outputs[0]] for each in (graph, dual, single))
    errors = [np.square(each - expected).mean() for each in (found, once)]
    assert errors[0] < errors[1] / 10 and errors[0] < 0.001 * np.square(expected).mean()


def test_the_file_has_both_kernels_packed(tmp_path):
    samples = np.random.default_rng(0).normal(size=(16, 6, 6, 32)).astype(np.float32)
    dual = compress.dual_weights(normalised_network(), 3, worst=1)
    audit = convert(dual.graph, tmp_path / "dual.tflite", rest="int8", representative=samples).audit
    assert audit.passed
    assert [(row.layer, row.became) for row in audit.layers] == [("conv/first", "packed"), ("conv/second", "packed")]
    assert [row.bytes for row in audit.layers] == [layer.bytes for layer in dual.layers]


def test_no_layer_is_asked_for_and_layers_that_stay():
    graph = network()
    assert not [op for op in compress.dual_weights(graph, 4, worst=0).graph if isinstance(op, ops.Add)]
    kept = compress.dual_weights(graph, 4, worst=9, keep=["dense"]).graph
    assert kept["dense"].kernel.bits == 32 and isinstance(kept, QuantGraph)
    with pytest.raises(ValueError, match="must not be negative, but is -1"):
        compress.dual_weights(graph, 4, worst=-1)
