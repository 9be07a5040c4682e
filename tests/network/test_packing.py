"""Bit planes are laid out as Larq Compute Engine lays them out (core/bitpacking/bitpack.h)."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from larq_focal.network import pack_bits, popcount_dot, unpack_bits
from larq_focal.network.packing import words_for

signs = st.tuples(st.integers(1, 4), st.integers(1, 100)).flatmap(
    lambda shape: arrays(np.int8, shape, elements=st.sampled_from([-1, 1]))
)


@pytest.mark.parametrize(
    ("channels", "negative", "words"),
    [
        (33, [0], [0x1, 0]),
        (33, [31], [0x80000000, 0]),
        (33, [32], [0, 0x1]),
        (40, range(40), [0xFFFFFFFF, 0xFF]),
        (40, [], [0, 0]),
    ],
)
def test_vectors_of_the_compute_engine(channels, negative, words):
    values = np.ones(channels)
    values[list(negative)] = -1
    packed = pack_bits(values)
    assert packed.dtype == np.int32
    assert packed.view(np.uint32).tolist() == words


def test_zero_of_either_sign_is_positive():
    assert pack_bits(np.array([0.0, -0.0, -1e-30])).tolist() == [0b100]


@given(signs)
def test_unpacking_undoes_packing(values):
    np.testing.assert_array_equal(unpack_bits(pack_bits(values), values.shape[-1]), values)


@given(signs)
def test_bits_after_the_last_channel_are_clear(values):
    words = pack_bits(values)
    spare = 32 * words.shape[-1] - values.shape[-1]
    assert 0 <= spare < 32
    assert np.all(words[..., -1].view(np.uint32) >> np.uint32(31 - spare) >> np.uint32(1) == 0)


@given(signs, st.randoms())
def test_popcounts_give_the_dot_product(values, random):
    other = np.array([[random.choice([-1, 1]) for _ in row] for row in values], np.int8)
    expected = (values.astype(int) * other).sum(-1)
    np.testing.assert_array_equal(popcount_dot(pack_bits(values), pack_bits(other), values.shape[-1]), expected)


@pytest.mark.parametrize(("channels", "words"), [(1, 1), (32, 1), (33, 2), (64, 2), (65, 3)])
def test_words_for(channels, words):
    assert words_for(channels) == words


@pytest.mark.parametrize("words", [np.zeros(2, np.int32), np.zeros(1, np.int64), np.zeros(4, np.int8)])
def test_wrong_words_are_refused(words):
    with pytest.raises(ValueError, match=r"8 channels need 1 words of 32 bits"):
        unpack_bits(words, 8)
