"""Kernels are told apart by what they hold, whatever the converter did to their scales and to their order."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from larq_focal.deploy.audit.matching import match_kernels

SHAPES = st.lists(st.sampled_from([(4, 9), (4, 40), (16, 40), (40, 16)]), min_size=1, max_size=6)


def matched(expected, actual):
    return match_kernels(expected, actual, [None if kernel is None else kernel.shape for kernel in actual])


def kernels(shapes, rng) -> list[np.ndarray]:
    return [np.where(rng.random(shape) < 0.5, -1, 1).astype(np.float32) * rng.uniform(0.5, 2) for shape in shapes]


@given(shapes=SHAPES, seed=st.integers(0, 999), noise=st.sampled_from([0, 0.004]))
def test_scales_signs_and_rounding_do_not_matter(shapes, seed, noise):
    rng = np.random.default_rng(seed)
    expected = kernels(shapes, rng)
    order = rng.permutation(len(expected))
    per_channel = [rng.uniform(0.1, 9, (len(kernel), 1)) * rng.choice([-1, 1], (len(kernel), 1)) for kernel in expected]
    actual = [expected[i] * (1 + noise * rng.uniform(-1, 1, expected[i].shape)) * per_channel[i] for i in order]
    pairs = matched(expected, [kernel.astype(np.float32) for kernel in actual])
    assert [len(found) for found in pairs] == [1] * len(expected)
    for kernel, (found,) in zip(expected, pairs, strict=True):
        rows = np.abs(np.sum(kernel * actual[found], 1)) / np.linalg.norm(kernel, axis=1)
        np.testing.assert_allclose(rows / np.linalg.norm(actual[found], axis=1), 1, atol=1e-4)


@given(shapes=SHAPES, seed=st.integers(0, 999))
def test_equal_kernels_are_taken_in_order(shapes, seed):
    expected = kernels(shapes, np.random.default_rng(seed)) * 2
    pairs = matched(expected, expected)
    assert sorted(index for found in pairs for index in found) == list(range(len(expected)))
    half = len(shapes)
    for first, second in zip(pairs[:half], pairs[half:], strict=True):
        assert first < second


def test_a_layer_used_several_times_gets_all_its_operations():
    rng = np.random.default_rng(0)
    a, b = kernels([(8, 16)] * 2, rng)
    assert matched([a, b], [b, a, -a, 3 * b, a]) == [[1, 2, 4], [0, 3]]


def test_a_kernel_that_the_file_computes_is_found_by_its_shape():
    a, b = kernels([(8, 16)] * 2, np.random.default_rng(0))
    assert match_kernels([a, b], [None, a], [(8, 16), (8, 16)]) == [[1], [0]]


def test_what_fits_nothing_is_left_alone():
    a, b = kernels([(8, 16), (4, 4)], np.random.default_rng(0))
    assert matched([a], [b]) == [[]]


def test_channels_of_zeros_are_alike():
    a = np.eye(4, dtype=np.float32)
    a[2] = 0
    assert matched([a], [2 * a]) == [[0]]
