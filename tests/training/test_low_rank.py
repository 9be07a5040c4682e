"""Low-rank sums against exact ones, unbiasedness, and the count of writes."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from larq_focal.training.low_rank import LowRankSum, OnlineMLP, WearingMemory
from larq_focal.training.low_rank.low_rank_sum import unbiased_factors

SEEDS = st.integers(0, 2**32 - 1)
REDUCTIONS = ("biased", "unbiased")


def summed(pairs, rank: int, reduction: str, seed: int = 0) -> np.ndarray:
    total = LowRankSum(len(pairs[0][0]), len(pairs[0][1]), rank, reduction, seed=seed)
    for left, right in pairs:
        total.add(left, right)
    assert total.left.size + total.right.size <= total.numbers_held
    return total.value()


def drawn(rng, count: int, rows: int, columns: int) -> list[tuple[np.ndarray, np.ndarray]]:
    return [(rng.normal(size=rows), rng.normal(size=columns)) for _ in range(count)]


@settings(max_examples=40, deadline=None)
@given(SEEDS, st.integers(1, 6), st.integers(1, 6), st.integers(1, 12), st.sampled_from(REDUCTIONS))
def test_a_rank_of_the_smaller_size_sums_exactly(seed, rows, columns, count, reduction):
    pairs = drawn(np.random.default_rng(seed), count, rows, columns)
    exact = sum(np.outer(*pair) for pair in pairs)
    np.testing.assert_allclose(summed(pairs, min(rows, columns), reduction), exact, atol=1e-8)


@settings(max_examples=20, deadline=None)
@given(SEEDS, st.integers(1, 4))
def test_biased_is_the_nearest_sum_of_that_rank(seed, rank):
    """Of one product more than the rank; Eckart and Young."""
    pairs = drawn(np.random.default_rng(seed), rank + 1, 7, 6)
    exact = sum(np.outer(*pair) for pair in pairs)
    sizes = np.linalg.svd(exact)[1]
    error = np.linalg.norm(summed(pairs, rank, "biased") - exact)
    np.testing.assert_allclose(error, np.sqrt(np.sum(sizes[rank:] ** 2)), atol=1e-8)


@settings(max_examples=50, deadline=None)
@given(st.lists(st.floats(0, 10), min_size=2, max_size=6))
def test_the_mean_over_all_signs_is_the_diagonal(sizes):
    """Each draw is one of 2^k; a stub draws them all in turn."""
    sizes = np.sort(np.array(sizes))[::-1]

    class Signs:
        def __init__(self, number):
            self.number = number

        def choice(self, values, count):
            return values[(self.number >> np.arange(count)) & 1]

    products = []
    for number in range(2 ** len(sizes)):
        left, right = unbiased_factors(sizes, Signs(number))
        assert left.shape == (len(sizes), len(sizes) - 1)
        products.append(left @ right.T)
    np.testing.assert_allclose(np.mean(products, 0), np.diag(sizes), atol=1e-6)


def test_the_mean_over_seeds_of_many_unbiased_sums_is_the_true_one():
    pairs = drawn(np.random.default_rng(0), 8, 5, 4)
    exact = sum(np.outer(*pair) for pair in pairs)
    sums = np.array([summed(pairs, 2, "unbiased", seed) for seed in range(600)])
    error = sums.std(0) / len(sums) ** 0.5
    assert np.all(np.abs(sums.mean(0) - exact) < 4.5 * error)
    biased = summed(pairs, 2, "biased")
    assert np.any(np.abs(biased - exact) > 4.5 * error)


def test_writes_are_counted_where_codes_change():
    memory = WearingMemory(np.array([[0.0, 0.5, -1.0, 0.9]]), limit=1, bits=3)  # steps of 0.25, to 0.75
    np.testing.assert_array_equal(memory.weights, [[0, 0.5, -1, 0.75]])
    update = np.array([[0.1, 0.25, -0.5, 0.0]])
    assert memory.density(update) == 0.25
    assert memory.add(update) == 1
    assert memory.add(-update) == 2
    np.testing.assert_array_equal(memory.writes, [[0, 2, 1, 0]])
    memory.drift(np.full((1, 4), 0.05))
    np.testing.assert_allclose(memory.weights, [[0.05, 0.55, -0.45, 0.75]])
    assert memory.writes.sum() == 3


def mlp_task(count: int = 300):
    rng = np.random.default_rng(0)
    labels = rng.integers(0, 3, count)
    x = np.maximum(0, rng.normal(size=(3, 12))[labels] + 0.3 * rng.normal(size=(count, 12))).astype(np.float32)
    weights = [rng.normal(0, 0.4, shape).astype(np.float32) for shape in ((12, 8), (8,), (8, 3), (3,))]
    return x, labels, weights


@pytest.mark.parametrize("reduction", REDUCTIONS)
def test_full_rank_of_one_sample_is_stochastic_gradient_descent(reduction):
    x, labels, weights = mlp_task(40)
    options = {"learning_rate": 0.05, "bits": 12}
    sgd = OnlineMLP(weights, rank=None, **options)
    ours = OnlineMLP(weights, rank=1, batch=1, least_density=0, reduction=reduction, **options)
    for image, label in zip(x, labels, strict=True):
        assert sgd.learn(image, label) == ours.learn(image, label)
    for expected, actual in zip(sgd.get_weights(), ours.get_weights(), strict=True):
        np.testing.assert_allclose(actual, expected, atol=1e-5)
    np.testing.assert_array_equal(sgd.writes, ours.writes)


def test_it_learns_with_fewer_writes():
    x, labels, weights = mlp_task()
    accuracies, writes = {}, {}
    for rank in (None, 2):
        model = OnlineMLP(weights, rank=rank, learning_rate=0.05, batch=10, bits=10)
        known = [model.learn(image, label) for image, label in zip(x, labels, strict=True)]
        accuracies[rank], writes[rank] = np.mean(known[-100:]), model.writes.sum()
    assert accuracies[2] > 0.9
    assert 0 < writes[2] < writes[None] / 2


def test_a_sum_that_would_write_too_little_goes_on():
    x, labels, weights = mlp_task(20)
    model = OnlineMLP(weights, rank=2, learning_rate=1e-4, batch=10, least_density=1.0)
    for image, label in zip(x, labels, strict=True):
        model.learn(image, label)
    assert model.writes.sum() == 0
    assert model._summed == [20, 20]


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: LowRankSum(3, 0, 1), "sizes and rank are at least 1"),
        (lambda: LowRankSum(3, 3, 1, "other"), 'the reduction is "biased" or "unbiased", not \'other\''),
        (lambda: WearingMemory(np.ones((1, 1)), 1, bits=0), "bits are from 1 to 16"),
        (lambda: OnlineMLP([np.ones((2, 3))]), "a kernel and a bias of each dense layer in turn"),
        (lambda: OnlineMLP([np.ones((2, 3)), np.ones(3)], batch=0), "a batch has at least 1 sample"),
    ],
)
def test_bad_input_is_refused(make, message):
    with pytest.raises(ValueError, match=message):
        make()
