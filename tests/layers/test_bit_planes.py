from typing import ClassVar

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from larq_focal.layers import BitPlanes
from tests.support.layer_contract import EncoderContract
from tests.support.quantizer_contract import as_property


class TestBitPlanes(EncoderContract):
    layer = BitPlanes
    operators: ClassVar = {"CONCATENATION": 1, "MUL": 1, "FLOOR": 1, "SUB": 2, "LceQuantize": 1, "LceDequantize": 1}

    def inputs(self, count=4):
        return np.random.default_rng(1).integers(0, 256, (count, *self.shape)).astype(np.float32)

    def forward(self, x, layer):
        planes = np.stack([x.astype(int) >> bit & 1 for bit in range(8)], axis=-2)
        return 2 * planes.reshape(*x.shape[:-1], -1) - 1


@as_property
@given(bits=st.integers(1, 24), drawn=st.data())
def test_planes_recombine_to_the_value(bits, drawn):
    x = np.float32(drawn.draw(st.lists(st.integers(0, 2**bits - 1), min_size=1, max_size=6)))[:, None]
    planes = BitPlanes(bits)(x).numpy().astype(np.float64)
    recombined = planes @ 2.0 ** np.arange(-1, bits - 1) + (2**bits - 1) / 2
    np.testing.assert_array_equal(recombined[:, None], x)


@pytest.mark.parametrize("bits", [0, 25])
def test_refuses_bits_that_float32_cannot_hold(bits):
    with pytest.raises(ValueError, match=f"bits must be from 1 to 24, .*, but is {bits}"):
        BitPlanes(bits)
