from typing import ClassVar

import numpy as np
import pytest

from larq_focal.keras import keras, tf
from larq_focal.quantizers import PACT, pact
from tests.support.quantizer_contract import FewBitContract, small_numbers


class TestPACT(FewBitContract):
    alias = "pact"
    role = "activation"
    config: ClassVar = {"clip": 1.5}
    values = small_numbers(1.5, 0.5, 1.0, 0.25, 0.75)
    changed_by_training = frozenset({"clip"})
    levels = (0, 0.5, 1, 1.5)
    most_levels = 4

    def forward(self, x, quantizer):
        return np.round(np.clip(x, 0, 1.5) * 2) / 2

    def gradient(self, x, upstream, quantizer):
        return upstream * ((x >= 0) & (x < 1.5))


def test_clipping_value_sees_the_gradient_of_what_it_clips():
    x, clip = tf.constant([-1.0, 0.5, 2.0, 2.5, 3.0]), tf.constant(2.0)
    with tf.GradientTape() as tape:
        tape.watch(clip)
        quantized = pact(x, clip, 4)
    assert tape.gradient(quantized, clip, tf.constant([1.0, 2.0, 4.0, 8.0, 16.0])) == 28


@pytest.mark.parametrize("bits", [1, 2, 3, 4, 8])
def test_levels_are_even_between_zero_and_the_clipping_value(bits):
    levels = np.unique(PACT(bits, clip=3.0)(np.linspace(-1, 4, 10_001)))
    np.testing.assert_allclose(levels, np.linspace(0, 3, 2**bits), rtol=1e-6)


def test_clipping_value_decays_and_never_turns_negative():
    model = keras.Sequential([keras.Input((4,)), PACT(clip=0.1, clip_regularizer="l2")])
    model.compile(keras.optimizers.SGD(100.0), "mse")
    x = np.random.default_rng(0).normal(size=(8, 4))
    assert len(model.losses) == 1
    model.fit(x, -100 * np.abs(x), verbose=0)
    assert model.layers[0].clip.numpy() == 0
    assert np.all(np.isfinite(model(x)))


@pytest.mark.parametrize(
    ("config", "message"),
    [
        ({"bits": 0}, "bits must be from 1 to 8, but is 0"),
        ({"clip": 0.0}, "clip must be positive, but is 0.0"),
    ],
)
def test_refuses_bad_arguments(config, message):
    with pytest.raises(ValueError, match=message):
        PACT(**config)
