from typing import ClassVar

import numpy as np
import pytest

from larq_focal.deploy.runtime import Runtime
from larq_focal.keras import keras, tf
from larq_focal.keras import larq as lq
from larq_focal.layers import GhostSign
from larq_focal.quantizers import xnor_sign
from tests.support.convolution import convolution
from tests.support.layer_contract import EncoderContract
from tests.support.lce import converted, operators


class TestGhostSign(EncoderContract):
    layer = GhostSign
    operators: ClassVar = {"CONCATENATION": 1, "SUB": 1, "LceQuantize": 1, "LceDequantize": 1}

    def forward(self, x, layer):
        return np.concatenate([np.where(x >= t, 1, -1) for t in np.float32([2, 1, -1, -2]) / 3], axis=-1)


@pytest.mark.parametrize("slices", [1, 2, 4, 8])
def test_sum_of_the_slices_is_a_staircase(slices):
    x = np.linspace(-1.5, 1.5, 1001, dtype=np.float32)[:, None]
    total = GhostSign(slices)(x).numpy().sum(axis=1)
    assert np.all(np.diff(total) >= 0)
    np.testing.assert_array_equal(np.unique(total), np.arange(-slices, slices + 1, 2))


def test_one_slice_is_the_sign():
    x = np.float32([[-0.5, -0.0, 0.0, 0.5]])
    np.testing.assert_array_equal(GhostSign(1)(x), [[-1, 1, 1, 1]])


def test_a_binary_convolution_for_each_slice_is_one_with_groups():
    """BoolNet's MultiBConv."""
    conv = lq.layers.QuantConv2D(6, 3, groups=2, kernel_quantizer="xnor_sign", use_bias=False)
    model = keras.Sequential([keras.Input((5, 6, 32)), GhostSign(2), conv])
    x = np.random.default_rng(0).normal(size=(2, 5, 6, 32)).astype(np.float32)
    kernel = xnor_sign(tf.constant(conv.get_weights()[0])).numpy()
    slices = [np.where(x >= threshold, 1, -1) for threshold in (0.5, -0.5)]
    expected = [convolution(*pair) for pair in zip(slices, np.split(kernel, 2, axis=-1), strict=True)]
    np.testing.assert_allclose(model(x), np.concatenate(expected, axis=-1), rtol=1e-5, atol=1e-5)
    flatbuffer = converted(model)
    assert operators(flatbuffer) == {"CONCATENATION": 1, "SUB": 1, "LceQuantize": 1, "LceBconv2d": 1}
    np.testing.assert_allclose(Runtime(flatbuffer).run(x), model(x), rtol=1e-5, atol=1e-5)


def test_gradients_of_the_slices_add_up():
    """Where |x + o| <= 1 for the offsets -2/3, -1/3, 1/3 and 2/3."""
    x = tf.constant([[-2.0], [-1.5], [-0.5], [0.0], [1.0]])
    with tf.GradientTape() as tape:
        tape.watch(x)
        slices = GhostSign()(x)
    np.testing.assert_array_equal(tape.gradient(slices, x)[:, 0], [0, 1, 3, 4, 2])


def test_trains_what_is_before_it():
    model = keras.Sequential([keras.Input((4,)), keras.layers.Dense(3), GhostSign(), keras.layers.Dense(1)])
    model.compile("sgd", "mse")
    before = model.layers[0].get_weights()[0]
    model.fit(np.ones((8, 4)), np.zeros(8), verbose=0)
    assert np.any(model.layers[0].get_weights()[0] != before)


@pytest.mark.parametrize("slices", [0, 3])
def test_refuses_other_numbers_of_slices(slices):
    with pytest.raises(ValueError, match=f"slices must be 1 or an even number, but is {slices}"):
        GhostSign(slices)
