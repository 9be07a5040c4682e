from typing import ClassVar

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from larq_focal.layers import Thermometer
from tests.support.layer_contract import EncoderContract
from tests.support.quantizer_contract import as_property


class TestThermometer(EncoderContract):
    layer = Thermometer
    config: ClassVar = {"count": 5, "low": -1.0, "high": 1.0}
    operators: ClassVar = {"CONCATENATION": 1, "SUB": 1, "LceQuantize": 1, "LceDequantize": 1}

    def forward(self, x, layer):
        thresholds = np.float32([-0.8, -0.4, 0, 0.4, 0.8])
        return np.concatenate([np.where(x >= threshold, 1, -1) for threshold in thresholds], axis=-1)


@as_property
@given(
    count=st.integers(1, 9),
    numbers=st.lists(st.integers(0, 9).map(float) | st.floats(-2, 11, width=32), min_size=1, max_size=9),
)
def test_sum_of_the_signs_is_the_rounded_value(count, numbers):
    """As BinarEye has it: each colour is an integer that is the sum of its channels of +1 and -1."""
    x = np.float32(numbers)[:, None]
    signs = Thermometer(count, low=0, high=count)(x).numpy()
    rounded = np.floor(np.clip(x, 0, count) + np.float32(0.5))
    np.testing.assert_array_equal(signs.sum(axis=1, keepdims=True), 2 * rounded - count)
    assert np.all(np.diff(signs, axis=1) <= 0)  # all +1 come first


@pytest.mark.parametrize(
    ("config", "message"),
    [
        ({"count": 0}, "count must be at least 1, but is 0"),
        ({"count": 3, "low": 1.0, "high": 1.0}, "low must be below high, but they are 1.0 and 1.0"),
    ],
)
def test_refuses_bad_arguments(config, message):
    with pytest.raises(ValueError, match=message):
        Thermometer(**config)
