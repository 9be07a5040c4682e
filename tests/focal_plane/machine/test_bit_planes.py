import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from larq_focal.focal_plane.machine.bit_planes import DIRECTIONS, BitPlanes
from larq_focal.focal_plane.machine.pixel_array import moved

sizes = st.tuples(st.integers(1, 9), st.integers(1, 200))


def random_bits(size, seed):
    return np.random.default_rng(seed).random(size) < 0.5


@given(sizes, st.integers(0, 2**32 - 1))
def test_packing_keeps_every_bit_and_pads_with_zeros(size, seed):
    planes, bits = BitPlanes(*size), random_bits(size, seed)
    packed = planes.pack(bits)
    assert np.array_equal(planes.unpack(packed), bits)
    assert not np.any(packed & ~planes.ones)


@pytest.mark.parametrize("direction", DIRECTIONS)
@given(sizes, st.integers(0, 2**32 - 1))
def test_neighbours_cross_words_but_not_borders(direction, size, seed):
    planes, bits = BitPlanes(*size), random_bits(size, seed)
    shifted = planes.zeros()
    planes.neighbours(planes.pack(bits), direction, shifted)
    assert np.array_equal(planes.unpack(shifted), moved(bits, direction))
    assert not np.any(shifted & ~planes.ones)


def test_a_plane_of_scamp5_is_8_kib():
    assert BitPlanes(256, 256).zeros().nbytes == 8192
