"""Files in which something was altered run, or are refused with one error: no engine crashes or hangs on them."""

from __future__ import annotations

import numpy as np
import pytest

from larq_focal.deploy.runtime import Runtime
from larq_focal.network.tflite.read.from_tflite import from_tflite
from tests.support.altered_files import altered
from tests.support.altered_runs import EXPECTED, outcomes
from tests.support.many_operators import many_operators
from tests.support.stacks import LCE_ENGINE

SEEDS = range(300)


@pytest.mark.parametrize("engine", ["litert", "delegate", "compiled", LCE_ENGINE])
def test_no_engine_crashes_on_altered_files(engine):
    found = dict(outcomes(engine, SEEDS))
    assert sorted(found) == list(SEEDS)
    assert {seed: outcome for seed, outcome in found.items() if outcome not in EXPECTED} == {}
    assert set(found.values()) == set(EXPECTED)


def test_a_seed_gives_the_same_file_and_another_one_another():
    content = many_operators()
    files = [altered(content, seed) for seed in range(40)]
    assert files == [altered(content, seed) for seed in range(40)]
    assert len(set(files)) > 30


@pytest.mark.parametrize("engine", ["litert", LCE_ENGINE])
def test_the_file_that_is_altered_runs(engine):
    runtime = Runtime(many_operators(), engine=engine)
    picture = np.random.default_rng(0).normal(size=(2, 8, 8, 4)).astype(np.float32)
    probabilities, features = runtime.run(picture)
    np.testing.assert_allclose(probabilities.sum(axis=1), 1, rtol=1e-5)
    assert features.shape == (2, 8) and np.ptp(features) > 0


def test_its_graph_has_the_names_of_its_signature():
    graph = from_tflite(many_operators())
    assert [op.name for op in graph.inputs] == ["picture"]
    assert graph.outputs == ("probabilities", "features")
