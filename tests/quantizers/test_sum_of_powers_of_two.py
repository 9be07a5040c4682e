from itertools import combinations_with_replacement
from typing import ClassVar

import numpy as np
import pytest

from larq_focal.quantizers import SumOfPowersOfTwo, sums_of_powers_of_two
from tests.support.quantizer_contract import FewBitContract, small_numbers


def all_sums(terms, lowest, highest):
    """By trying every choice of terms."""
    powers = [sign * 2.0**exponent for exponent in range(lowest, highest + 1) for sign in (1, -1)]
    choices = combinations_with_replacement([0.0, *powers], terms)
    return sorted({total for total in map(sum, choices) if abs(total) <= 2.0**highest})


class TestSumOfPowersOfTwo(FewBitContract):
    alias = "sum_of_powers_of_two"
    role = "kernel"
    config: ClassVar = {"terms": 2, "lowest": -3, "highest": 0}
    values = small_numbers(1.0, -1.0, 0.6875, -0.6875)
    levels = tuple(all_sums(2, -3, 0))
    most_levels = len(levels)

    def forward(self, w, quantizer):
        levels = np.array(self.levels)
        distances = np.abs(w[..., None] - levels)
        far_from_zero = np.argsort(-np.abs(levels), kind="stable")  # of two nearest, argmin takes the first
        return levels[far_from_zero][np.argmin(distances[..., far_from_zero], axis=-1)]

    def gradient(self, w, upstream, quantizer):
        return upstream * (np.abs(w) <= 1)


@pytest.mark.parametrize(("terms", "lowest", "highest"), [(1, -4, 0), (2, -5, 1), (3, -4, -1), (4, -3, 2)])
def test_levels_are_all_sums(terms, lowest, highest):
    np.testing.assert_array_equal(sums_of_powers_of_two(terms, lowest, highest), all_sums(terms, lowest, highest))


def test_enough_terms_are_the_even_levels_of_eight_bits():
    np.testing.assert_array_equal(sums_of_powers_of_two(8, -7, 0), np.arange(-128, 129) / 128)


def test_each_term_halves_the_error_at_least():
    w = np.linspace(-1, 1, 20_001, dtype=np.float32)
    errors = [np.abs(SumOfPowersOfTwo(terms, lowest=-14)(w) - w).max() for terms in (1, 2, 3, 4)]
    assert np.all(np.array(errors[1:]) <= np.array(errors[:-1]) / 2)


def test_seven_exponents_are_exact_in_eight_bits():
    codes = SumOfPowersOfTwo(3)(np.random.default_rng(0).normal(0, 0.3, 1000).astype(np.float32)).numpy() * 64
    np.testing.assert_array_equal(codes, codes.astype(np.int8))


@pytest.mark.parametrize(
    ("config", "message"),
    [
        ({"terms": 0}, "terms must be from 1 to 8, but is 0"),
        ({"lowest": 1}, "lowest must not exceed highest .* but they are 1 and 0"),
        ({"lowest": -15}, "lowest must not .* lie more than 14 below it, .* but they are -15 and 0"),
    ],
)
def test_refuses_bad_arguments(config, message):
    with pytest.raises(ValueError, match=f"SumOfPowersOfTwo: {message}"):
        SumOfPowersOfTwo(**config)
