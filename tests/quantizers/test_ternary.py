from typing import ClassVar

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from larq_focal.quantizers import TernarySign
from tests.support.quantizer_contract import FewBitContract, as_property, small_numbers


class TestTernarySign(FewBitContract):
    alias = "ternary_sign"
    role = "activation"
    config: ClassVar = {"threshold": 0.25}
    values = small_numbers(0.25, -0.25, 1.0, -1.0)
    levels = (-1, 0, 1)
    most_levels = 3

    def forward(self, x, quantizer):
        return np.sign(x) * (np.abs(x) > 0.25)

    def gradient(self, x, upstream, quantizer):
        return upstream * (np.abs(x) <= 1)


def test_threshold_follows_the_magnitude_of_each_sample():
    x = (
        np.random.default_rng(0).normal(size=(3, 8, 8, 16)).astype(np.float32)
        * np.float32([1, 8, 0.5])[:, None, None, None]
    )
    limits = 0.4 * np.abs(x).mean((1, 2, 3), keepdims=True)
    quantized = TernarySign()(x).numpy()
    np.testing.assert_array_equal(quantized, np.sign(x) * (np.abs(x) > limits))
    np.testing.assert_array_equal(TernarySign()(x[1:2]), quantized[1:2])


def test_three_of_four_normal_values_are_not_zero():
    x = np.random.default_rng(0).normal(size=(1, 200_000)).astype(np.float32)
    assert np.mean(TernarySign()(x).numpy() != 0) == pytest.approx(0.75, abs=0.005)


@as_property
@given(x=st.lists(st.integers(-8, 8), min_size=1, max_size=70), seed=st.integers(0, 99))
def test_dot_product_by_counting_bits(x, seed):
    """c - 2 popcount((weight xor positive) and nonzero), c = popcount(nonzero), as TBN computes it."""
    ternary = TernarySign(threshold=2)(np.float32([x])).numpy()[0]
    weights = np.random.default_rng(seed).choice([-1, 1], len(x))
    is_nonzero, is_positive = ternary != 0, ternary > 0
    count = is_nonzero.sum() - 2 * np.sum(((weights > 0) ^ is_positive) & is_nonzero)
    assert count == ternary @ weights


@pytest.mark.parametrize("name", ["delta", "threshold"])
def test_refuses_negative_arguments(name):
    with pytest.raises(ValueError, match=f"{name} must not be negative, but is -0.1"):
        TernarySign(**{name: -0.1})
