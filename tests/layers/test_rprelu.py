from typing import ClassVar

import numpy as np

from larq_focal.keras import tf
from larq_focal.layers import RPReLU
from larq_focal.network import ops
from larq_focal.network.keras.from_keras import from_keras
from tests.support.layer_contract import LayerContract


class TestRPReLU(LayerContract):
    layer = RPReLU
    operators: ClassVar = {"SUB": 1, "PRELU": 1, "ADD": 1}
    tolerance = 1e-6

    def forward(self, x, layer):
        shift_in, slope, shift_out = layer.get_weights()
        y = x - shift_in
        return np.where(y > 0, y, slope * y) + shift_out

    def test_graph_is_three_operations(self):
        _, shift_in, prelu, shift_out = from_keras(self.network())
        assert (type(shift_in), prelu.kind, type(shift_out)) == (ops.Affine, "prelu", ops.Affine)


def test_gradients():
    """Both shifts see the gradient of what they shift; the slope sees the negative inputs."""
    layer = RPReLU()
    x = tf.constant([[-2.0, 3.0], [-1.0, -4.0]])
    with tf.GradientTape() as tape:
        total = tf.reduce_sum(layer(x))
    shift_in, slope, shift_out = tape.gradient(total, layer.trainable_weights)
    np.testing.assert_array_equal(shift_in, [-0.5, -1.25])
    np.testing.assert_array_equal(slope, [-3, -4])
    np.testing.assert_array_equal(shift_out, [2, 2])


def test_starts_as_a_leaky_relu():
    np.testing.assert_array_equal(RPReLU(slope=0.5)(tf.constant([[-2.0, 3.0]])), [[-1, 3]])
