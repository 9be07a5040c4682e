"""Weight pools: what is made of them, the look-up, and files."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from larq_focal import compress
from larq_focal.compress.pools import WeightPool
from larq_focal.deploy.convert import convert
from larq_focal.network import Kernel, QuantGraph, interpret, ops
from tests.compress.networks import float_kernel, network

as_property = settings(max_examples=30, deadline=None)


def pool_of(seed: int, size: int) -> WeightPool:
    return WeightPool(np.random.default_rng(seed).integers(1, 128, (size, 8)).astype(np.int8))


@as_property
@given(seed=st.integers(0, 1000), bits=st.integers(1, 8), size=st.integers(1, 20))
def test_the_look_up_is_the_product_to_the_last_bit(seed, bits, size):
    random, pool = np.random.default_rng(seed), pool_of(seed, size)
    indices = random.integers(0, size, (3, 5))
    weights = np.moveaxis(pool.vectors[indices], -1, -2).reshape(24, 5).astype(np.int64)
    codes = random.integers(0, 2**bits, (4, 24))
    np.testing.assert_array_equal(compress.lookup_sums(codes, bits, indices, pool), codes @ weights)


@as_property
@given(seed=st.integers(0, 1000), factor=st.sampled_from([1e-3, 1.0, 50.0]))
def test_kernels_made_of_a_pool_come_out_as_they_were(seed, factor):
    """Whatever their coefficients: the cosine does not see these."""
    random, pool = np.random.default_rng(seed), pool_of(seed, 6)
    indices = random.integers(0, 6, (3, 3, 2, 4))
    codes = np.moveaxis(pool.vectors[indices], -1, -2).reshape(3, 3, 16, 4)
    values = (codes * random.uniform(0.5, 2, 4) * factor).astype(np.float32)
    kernel, found = compress.pooled_kernel(values, pool)
    np.testing.assert_array_equal(pool.vectors[found], pool.vectors[indices])
    np.testing.assert_allclose(kernel.values(), values, rtol=1e-5)


def test_a_pool_of_all_directions_loses_nothing_but_the_lengths():
    """Four directions, each by a group; k-means finds them."""
    base = np.random.default_rng(0).normal(size=(4, 8))
    values = np.float32(base[np.random.default_rng(1).integers(0, 4, 30)].T)
    dense = ops.Dense(name="dense", inputs=("x",), shape=(30,), kernel=Kernel(values, None, 32))
    graph = QuantGraph("net", [ops.Input(name="x", shape=(8,)), dense], ["dense"])
    pooled = compress.pool_weights(graph, compress.weight_pool(graph, 4))
    error = np.square(pooled.graph["dense"].kernel.values() - values).sum() / np.square(values).sum()
    assert error < 1e-4
    with pytest.raises(ValueError, match="1 to 4 vectors, the directions that there are, not 5"):
        compress.weight_pool(graph, 5)


def test_more_vectors_lose_less():
    graph = network()
    errors = []
    for size in (4, 16, 64):
        pooled = compress.pool_weights(graph, compress.weight_pool(graph, size)).graph
        errors.append(np.square(pooled["first"].kernel.values() - graph["first"].kernel.values()).sum())
    assert errors[0] > errors[1] > errors[2]


def test_layers_without_groups_are_kept_and_the_file_is_int8(tmp_path):
    graph = network()
    pooled = compress.pool_weights(graph, compress.weight_pool(graph, 32, keep=["dense"]), keep=["dense"])
    assert pooled.kept == ("stem", "each", "dense", "last")
    assert "int8" in pooled.headline and "first" in str(pooled)
    samples = np.random.default_rng(0).normal(size=(16, 6, 6, 3)).astype(np.float32)
    audit = convert(pooled.graph, tmp_path / "pooled.tflite", rest="int8", representative=samples).audit
    assert audit.passed
    assert {row.layer: row.became for row in audit.layers}["first"] == "int8"
    assert pooled.to_dict()["layers"] == {"first": 9216}
    assert pooled.graph["first"].kernel is pooled.graph["second"].kernel
    assert pooled.pool_bytes == 32 * 8 + 9216 // 8 * 5 // 8 + 4 * 32


def test_a_layer_by_look_up_is_the_layer():
    """A dense layer on a map of 4 bits."""
    graph = network()
    pool = compress.weight_pool(graph, 16)
    pooled = compress.pool_weights(graph, pool)
    dense = pooled.graph["dense"]
    codes = np.random.default_rng(0).integers(0, 16, (3, 1152))
    sums = compress.lookup_sums(codes, 4, pooled.indices["dense"], pool)
    alone = QuantGraph("dense", [ops.Input(name="flat", shape=(1152,)), dense], ["dense"])
    expected = interpret(alone, codes.astype(np.float32), ["dense"])["dense"]
    np.testing.assert_allclose(sums * dense.kernel.scale, expected, rtol=1e-6)


def test_a_network_of_narrow_layers_has_nothing_to_pool():
    dense = ops.Dense(name="dense", inputs=("x",), shape=(4,), kernel=float_kernel(6, 4))
    graph = QuantGraph("narrow", [ops.Input(name="x", shape=(6,)), dense], ["dense"])
    with pytest.raises(ValueError, match="'narrow' has no layer to pool: their input channels must be a multiple of 8"):
        compress.weight_pool(graph)
