import numpy as np
import pytest

from larq_focal.keras import keras, tf
from larq_focal.keras import larq as lq
from larq_focal.quantizers import RSign, threshold_sign
from tests.support.lce import converted, lce_outputs, operators, randomise_batch_norms
from tests.support.quantizer_contract import QuantizerContract, small_numbers

THRESHOLDS = np.float32([0, 0.5, -0.5, 1.25, -0.25])


class TestRSign(QuantizerContract):
    alias = "rsign"
    role = "activation"
    values = small_numbers(*THRESHOLDS, 1.0, -1.0)
    changed_by_training = frozenset({"threshold"})
    operators_added = {"SUB": 1}  # noqa: RUF012

    def built(self):
        quantizer = super().built()
        quantizer.threshold.assign(THRESHOLDS)
        return quantizer

    def forward(self, x, quantizer):
        return np.where(x >= THRESHOLDS, 1, -1)

    def gradient(self, x, upstream, quantizer):
        """The derivative of 2d + d^2 below 0 and of 2d - d^2 above, between -1 and 1."""
        d = x - THRESHOLDS
        return upstream * np.select([np.abs(d) > 1, d < 0], [0, 2 + 2 * d], 2 - 2 * d)

    def test_threshold_on_the_value_gives_plus_one(self):
        x = np.tile(THRESHOLDS, (2, 1))
        np.testing.assert_array_equal(self.built()(x), np.ones((2, 5)))


def test_shift_of_input_and_threshold_changes_nothing():
    rng = np.random.default_rng(0)
    x, threshold, upstream = tf.constant(rng.normal(size=(6, 5))), tf.constant(rng.normal(size=5)), rng.normal(size=5)
    gradients = []
    for shift in (0.0, 2.0):
        with tf.GradientTape(persistent=True) as tape:
            tape.watch([x, threshold])
            quantized = threshold_sign(x + shift, threshold + shift)
        gradients.append((quantized, *tape.gradient(quantized, [x, threshold], upstream * np.ones((6, 1)))))
    for first, second in zip(*gradients, strict=True):
        np.testing.assert_allclose(first, second)
    _, by_x, by_threshold = gradients[0]
    np.testing.assert_allclose(by_threshold, -np.sum(by_x, axis=0))


def test_folds_into_the_convolution_before():
    """No operation is left of the threshold, and the activations stay packed between the convolutions."""
    signs = {"input_quantizer": "ste_sign", "kernel_quantizer": "ste_sign", "padding": "same", "pad_values": 1}
    second = {**signs, "input_quantizer": "rsign"}
    model = keras.Sequential(
        [
            keras.Input((6, 6, 32)),
            lq.layers.QuantConv2D(32, 3, use_bias=False, **signs),
            keras.layers.BatchNormalization(),
            lq.layers.QuantConv2D(32, 3, **second),
        ]
    )
    rng = np.random.default_rng(0)
    randomise_batch_norms(model)
    model.layers[-1].input_quantizer.threshold.assign(rng.normal(size=32))
    flatbuffer = converted(model)
    assert operators(flatbuffer) == {"LceQuantize": 1, "LceBconv2d": 2}
    x = rng.normal(size=(4, 6, 6, 32)).astype(np.float32)
    np.testing.assert_allclose(lce_outputs(flatbuffer, x), model(x), atol=1e-4)


def test_refuses_another_number_of_channels():
    quantizer = RSign()
    quantizer(tf.ones((2, 5)))
    with pytest.raises(ValueError, match="has weights for 5 channels, but its inputs have 4: give each layer its own"):
        quantizer(tf.ones((2, 4)))


def test_refuses_unknown_channels():
    with pytest.raises(ValueError, match=r"RSign 'mine' has weights for each channel and needs .* known channels"):
        RSign(name="mine")(keras.Input((None,)))
