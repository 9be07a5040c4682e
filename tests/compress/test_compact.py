"""Weights as sums of a few powers of two, with a number of terms for each filter."""

from __future__ import annotations

from itertools import product

import numpy as np
import pytest

from larq_focal import compress
from larq_focal.deploy.convert import convert
from larq_focal.network import interpret
from tests.compress.networks import network


@pytest.mark.parametrize("terms", [1, 2, 3])
def test_magnitudes_are_the_sums_of_so_many_powers(terms):
    powers = [0, *(sign * 2**exponent for exponent in range(8) for sign in (1, -1))]
    sums = {abs(sum(each)) for each in product(powers, repeat=terms)}
    np.testing.assert_array_equal(compress.term_magnitudes(terms), sorted(each for each in sums if each <= 64))


def test_with_four_terms_all_whole_numbers_are_there():
    np.testing.assert_array_equal(compress.term_magnitudes(4), np.arange(65))


def test_more_terms_lose_less_and_the_mean_is_kept():
    graph = network()
    for mean, less in ((1, 1.5), (1.5, 2), (2, 3)):
        few, more = compress.compact_weights(graph, mean), compress.compact_weights(graph, less)
        assert sum(more.errors.values()) < 0.9 * sum(few.errors.values())
        assert more.graph["first"].kernel is more.graph["second"].kernel
        counts = {name: op.size // op.shape[-1] for name in few.terms for op in [graph[name].kernel]}
        used = sum(counts[name] * each.sum() for name, each in few.terms.items())
        weights = sum(counts[name] * len(each) for name, each in few.terms.items())
        assert mean - 0.1 < used / weights <= mean


def test_codes_of_each_filter_are_sums_of_its_terms():
    compact = compress.compact_weights(network(), 1.7)
    kernel, terms = compact.graph["dense"].kernel, compact.terms["dense"]
    assert {*terms} > {terms.min()} or terms.min() == terms.max()
    for filter_, count in enumerate(terms):
        assert {*np.abs(kernel.codes[:, filter_]).tolist()} <= {*compress.term_magnitudes(count).tolist()}


def test_the_estimate_follows_from_the_counts():
    """With one term for every weight: 0.13 pJ and 4 bits each, where a float product takes 4.6 pJ and 32 bits."""
    compact = compress.compact_weights(network(), 1)
    assert compact.cost.memory_share == pytest.approx(4 / 32)
    assert compact.cost.energy_uj / compact.cost.float_energy_uj == pytest.approx(0.13 / 4.6)
    assert compact.cost.int8_energy_uj / compact.cost.float_energy_uj == pytest.approx(0.3 / 4.6)
    assert "estimates for one inference" in " ".join(str(compact).split())


def test_the_file_is_int8_and_kept_layers_stay(tmp_path):
    graph, samples = network(), np.random.default_rng(0).normal(size=(16, 6, 6, 3)).astype(np.float32)
    compact = compress.compact_weights(graph, 3, keep=["dense"])
    assert compact.graph["dense"] is graph["dense"] and "dense" not in compact.terms
    audit = convert(compact.graph, tmp_path / "compact.tflite", rest="int8", representative=samples).audit
    assert audit.passed and {row.layer: row.became for row in audit.layers}["first"] == "int8"
    expected, found = (interpret(each, samples, ["last"])["last"] for each in (graph, compact.graph))
    assert np.square(found - expected).sum() < 0.01 * np.square(expected).sum()


def test_bad_input_is_refused():
    with pytest.raises(ValueError, match="1 to 4 terms on average, not 5"):
        compress.compact_weights(network(), 5)
    with pytest.raises(ValueError, match="'small' has no layer stam; its layers are stem, first"):
        compress.compact_weights(network(), keep=["stam"])
