from typing import ClassVar

import numpy as np

from larq_focal.keras import tf
from larq_focal.layers import DPReLU, RPReLU
from tests.support.layer_contract import LayerContract


class TestDPReLU(LayerContract):
    layer = DPReLU
    operators: ClassVar = {"SUB": 3, "RELU": 2, "MUL": 2, "NEG": 1}
    tolerance = 1e-6

    def forward(self, x, layer):
        shift_in, positive_slope, negative_slope, shift_out = layer.get_weights()
        y = x - shift_in
        return np.where(y >= 0, positive_slope, negative_slope) * y - shift_out


def test_starts_as_a_leaky_relu():
    np.testing.assert_array_equal(DPReLU()(tf.constant([[-2.0, 3.0]])), [[-0.5, 3]])


def test_without_its_second_slope_it_is_a_shifted_prelu():
    x = tf.constant(np.random.default_rng(0).normal(size=(5, 3)), tf.float32)
    ours, other = DPReLU(), RPReLU()
    ours(x), other(x)
    ours.set_weights([np.array(each) for each in ([1, -1, 0], [1, 1, 1], [0.5, 0.25, 2], [-3, 0, 1])])
    other.set_weights([np.array(each) for each in ([1, -1, 0], [0.5, 0.25, 2], [3, 0, -1])])
    np.testing.assert_allclose(ours(x), other(x), rtol=1e-6)
