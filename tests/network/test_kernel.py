"""A kernel takes the bits that its values need, whatever its quantizer claims."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from larq_focal.network import Kernel, unpack_bits

SHAPES = [(3, 3, 4, 8), (1, 1, 16, 8), (50, 10)]
seeds = st.integers(0, 2**32 - 1)


def normal(shape, seed=0):
    return np.random.default_rng(seed).normal(size=shape).astype(np.float32)


def dorefa(weights, bits):
    """The weight quantizer of DoReFa-Net, equation 9 of https://arxiv.org/abs/1606.06160, in float32."""
    limited = np.tanh(weights)
    steps = np.float32(2**bits - 1)
    unit = limited / (2 * np.abs(limited).max()) + np.float32(0.5)
    return 2 * (np.round(unit * steps) / steps) - np.float32(1)


def assert_encodes(kernel, values):
    np.testing.assert_allclose(kernel.values(), values, rtol=1e-6, atol=1e-6 * np.abs(values).max())


@pytest.mark.parametrize("shape", SHAPES)
@given(seed=seeds)
def test_signs_are_binary(shape, seed):
    values = np.where(normal(shape, seed) < 0, -1, 1).astype(np.float32)
    kernel = Kernel.from_values(values)
    assert (kernel.bits, kernel.is_binary) == (1, True)
    np.testing.assert_array_equal(kernel.values(), values)
    np.testing.assert_array_equal(kernel.scale, np.ones(shape[-1]))


@pytest.mark.parametrize("shape", SHAPES)
@given(seed=seeds)
def test_signs_scaled_per_output_channel_are_binary(shape, seed):
    weights = normal(shape, seed)
    scale = np.abs(weights).mean(tuple(range(weights.ndim - 1)))
    values = (np.where(weights < 0, -1, 1) * scale).astype(np.float32)
    kernel = Kernel.from_values(values)
    assert kernel.bits == 1
    assert_encodes(kernel, values)


def test_signs_scaled_per_input_channel_are_not_binary():
    values = np.where(normal((3, 3, 4, 8)) < 0, -1, 1) * np.array([1, 2, 3.5, 4.7], np.float32)[:, None]
    assert Kernel.from_values(values).bits > 1


@pytest.mark.parametrize("shape", SHAPES)
@given(seed=seeds)
def test_signs_and_zeros_are_ternary(shape, seed):
    weights = normal(shape, seed)
    values = np.sign(weights) * (np.abs(weights) > 0.5) * np.linspace(0.5, 2, shape[-1], dtype=np.float32)
    kernel = Kernel.from_values(values)
    assert kernel.bits == 2
    assert set(np.unique(kernel.codes)) == {-1, 0, 1}
    assert_encodes(kernel, values)


@pytest.mark.parametrize("bits", [1, 2, 3, 4])
@given(seed=seeds)
def test_dorefa_weights_have_their_true_bits(bits, seed):
    values = dorefa(normal((3, 3, 16, 16), seed), bits)
    kernel = Kernel.from_values(values)
    assert kernel.bits == bits
    assert_encodes(kernel, values)


@pytest.mark.parametrize("bits", [5, 8])
def test_more_levels_are_found_where_allowed(bits):
    values = dorefa(normal((3, 3, 64, 64)), bits)
    assert Kernel.from_values(values, max_levels=2**bits).bits == bits
    assert Kernel.from_values(values).bits == 32


@pytest.mark.parametrize(
    ("codes", "bits"), [([0, 1, 2, 3], 2), ([1, 2, 4], 3), ([-2, -1, 0, 1], 2), ([-4, -1, 0, 3], 3)]
)
def test_a_grid_counts_from_zero(codes, bits):
    values = np.resize(np.array(codes, np.float32) / 16, (3, 3, 4, 8))
    kernel = Kernel.from_values(np.random.default_rng(0).permuted(values))
    assert kernel.bits == bits
    assert set(np.unique(kernel.codes)) == set(codes)


@given(seed=seeds, shape=st.tuples(*[st.integers(1, 3)] * 3, st.integers(2, 9)))
def test_random_floats_stay_float_however_few(seed, shape):
    values = normal(shape, seed)
    kernel = Kernel.from_values(values)
    assert kernel.bits == 32
    np.testing.assert_array_equal(kernel.values(), values)


def test_values_close_to_binary_are_not_binary():
    signs = np.where(normal((3, 3, 4, 8)) < 0, -1, 1).astype(np.float32)
    assert Kernel.from_values(signs * (1 + 1e-4 * np.abs(normal(signs.shape, 1)))).bits == 32


def test_a_channel_of_zeros_is_encoded():
    values = np.ones((3, 3, 4, 2), np.float32)
    values[..., 0] = 0
    assert_encodes(Kernel.from_values(values), values)


@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_values_that_are_not_finite_are_refused(value):
    with pytest.raises(ValueError, match="not finite"):
        Kernel.from_values(np.full((3, 3), value, np.float32))


def test_contradictions_are_refused():
    ones = np.ones((2, 3), np.float32)
    with pytest.raises(ValueError, match="float kernel"):
        Kernel(ones, np.ones(3, np.float32), 32)
    with pytest.raises(ValueError, match=r"scale of shape \(3,\)"):
        Kernel(ones.astype(np.int8), np.ones(2, np.float32), 1)


def test_counts():
    kernel = Kernel.from_values(normal((3, 5, 4, 8)))
    assert (kernel.size, kernel.fan_in, kernel.shape) == (480, 60, (3, 5, 4, 8))


def test_packed_is_filter_major():
    values = np.where(normal((3, 2, 40, 5)) < 0, -1, 1).astype(np.float32)
    packed = Kernel.from_values(values).packed()
    assert packed.shape == (5, 3, 2, 2)
    np.testing.assert_array_equal(unpack_bits(packed, 40), np.moveaxis(values, -1, 0))


@pytest.mark.parametrize("values", [normal((3, 3, 4, 8)), np.ones((4, 8), np.float32)])
def test_only_binary_convolutions_can_be_packed(values):
    with pytest.raises(ValueError, match="binary kernel of a convolution"):
        Kernel.from_values(values).packed()
