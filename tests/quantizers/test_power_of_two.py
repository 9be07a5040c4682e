from typing import ClassVar

import numpy as np
import pytest

from larq_focal.quantizers import LogQuant, PowerOfTwo
from tests.support.quantizer_contract import FewBitContract, small_numbers


def nearest_power(x, lowest, highest, zero_below):
    """By the geometric middle of neighbouring powers, from below."""
    magnitude, result = np.abs(x.astype(np.float64)), np.zeros(x.shape)
    for exponent in range(lowest, highest + 1):
        reached = zero_below if exponent == lowest else 2 ** (exponent - 0.5)
        result[magnitude >= reached] = 2.0**exponent
    return np.sign(x) * result


class TestPowerOfTwo(FewBitContract):
    alias = "power_of_two"
    role = "kernel"
    config: ClassVar = {"lowest": -4, "highest": 0}
    values = small_numbers(1.0, -0.03125, 0.03125, 0.0625)
    levels = (0, *(sign * 2.0**e for sign in (1, -1) for e in range(-4, 1)))
    most_levels = 11

    def forward(self, x, quantizer):
        return nearest_power(x, -4, 0, 2.0**-5)

    def gradient(self, x, upstream, quantizer):
        return upstream * (np.abs(x) <= 1)


class TestLogQuant(FewBitContract):
    alias = "log_quant"
    role = "activation"
    values = small_numbers(1.0, -1.0, 0.75, 0.7)
    levels = (0, *(sign * 2.0**e for sign in (1, -1) for e in range(-7, 1)))
    most_levels = 17

    def forward(self, x, quantizer):
        return nearest_power(x, -7, 0, 2.0**-7.5)

    def gradient(self, x, upstream, quantizer):
        return upstream * (np.abs(x) <= 1)


def test_log_quant_of_three_bits():
    x = np.float32([1, 0.75, 0.7, 0.36, 0.3, 0.1, 0.004, -0.2, 0])
    np.testing.assert_array_equal(LogQuant(3)(x), [1, 1, 0.5, 0.5, 0.25, 0.125, 0, -0.25, 0])


def test_doubling_the_full_scale_doubles_the_values():
    x = np.random.default_rng(0).normal(size=1000).astype(np.float32)
    np.testing.assert_array_equal(LogQuant(3, full_scale=1)(2 * x), 2 * LogQuant(3)(x).numpy())


def test_seven_exponents_are_exact_in_eight_bits():
    x = np.random.default_rng(0).normal(0, 0.3, 1000).astype(np.float32)
    codes = PowerOfTwo(-6, 0)(x).numpy() * 64
    np.testing.assert_array_equal(codes, codes.astype(np.int8))


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: PowerOfTwo(1, 0), "lowest must not exceed highest, .*, but they are 1 and 0"),
        (lambda: LogQuant(0), "bits must be from 1 to 5, but is 0"),
        (lambda: LogQuant(3, full_scale=99), "full_scale must be from -60 to 60, but is 99"),
    ],
)
def test_refuses_bad_arguments(make, message):
    with pytest.raises(ValueError, match=message):
        make()
