"""Ways to choose levels without data, and networks for a part of the classes."""

from __future__ import annotations

import numpy as np
import pytest

from larq_focal import compress
from larq_focal.network import Kernel
from tests.compress.networks import float_kernel


def error(kernel: Kernel, scheme: str, bits: int) -> float:
    return float(np.square(compress.quantize_kernel(kernel, bits, scheme=scheme).values() - kernel.values()).sum())


def test_the_largest_weight_is_a_level_of_int8():
    kernel = float_kernel(3, 3, 8, 4)
    quantized = compress.quantize_kernel(kernel, 8, scheme="largest weight")
    largest = np.abs(kernel.codes).reshape(-1, 4).max(0)
    np.testing.assert_allclose(np.abs(quantized.values()).reshape(-1, 4).max(0), largest, rtol=1e-6)
    assert np.abs(quantized.codes).max() == 127


def test_asymmetric_levels_reach_from_the_least_to_the_largest_weight():
    values = np.linspace(-1, 2, 16, dtype=np.float32)[:, None]
    quantized = compress.quantize_kernel(Kernel(values, None, 32), 4, scheme="asymmetric")
    np.testing.assert_allclose(quantized.values(), values, atol=1e-6)
    assert (quantized.codes.min(), quantized.codes.max()) == (-5, 10)


def test_asymmetric_weights_of_one_sign_fit_into_int8():
    values = np.linspace(0, 1, 300, dtype=np.float32)[:, None]
    quantized = compress.quantize_kernel(Kernel(values, None, 32), 8, scheme="asymmetric")
    assert quantized.codes.dtype == np.int8 and quantized.codes.max() == 127
    np.testing.assert_allclose(quantized.values(), values, atol=0.5 / 127)


def test_powers_of_two_are_exact_for_themselves():
    values = np.float32([0, 1, -2, 4, -8, 16, 32, -64]) * np.float32(0.3)
    quantized = compress.quantize_kernel(Kernel(values[:, None], None, 32), 4, scheme="powers of two")
    np.testing.assert_allclose(quantized.values()[:, 0], values, rtol=1e-6)
    with pytest.raises(ValueError, match="2 to 4 bits, not 5"):
        compress.quantize_kernel(float_kernel(4, 2), 5, scheme="powers of two")


@pytest.mark.parametrize("bits", [2, 3, 4, 8])
def test_of_even_symmetric_levels_least_squares_are_best(bits):
    kernel = float_kernel(3, 3, 8, 16)
    assert error(kernel, "least squares", bits) < error(kernel, "largest weight", bits)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"scheme": "guess"}, "no scheme 'guess'; choose 'least squares', 'largest weight'"),
        ({"scheme": "asymmetric", "has_zero": False}, "'asymmetric' always has 0"),
    ],
)
def test_a_scheme_that_there_is_not_is_refused(options, message):
    with pytest.raises(ValueError, match=message):
        compress.quantize_kernel(float_kernel(4, 2), 4, **options)
