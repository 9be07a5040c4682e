import numpy as np
import pytest

from larq_focal.keras import keras, tf
from larq_focal.keras import larq as lq
from larq_focal.quantizers import EdeSign, ErrorDecay, LibraSign
from tests.support.quantizer_contract import QuantizerContract


class TestEdeSign(QuantizerContract):
    alias = "ede_sign"
    role = "activation"

    def forward(self, x, quantizer):
        return np.where(x >= 0, 1, -1)

    def gradient(self, x, upstream, quantizer):
        return upstream * 10 * 0.1 * (1 - np.tanh(0.1 * x) ** 2)


@pytest.mark.parametrize("steepness", [0.1, 1.0, 10.0])
def test_gradient_is_the_derivative_of_the_scaled_tanh(steepness):
    x = tf.constant(np.linspace(-2, 2, 81))
    quantizer = EdeSign(steepness, dtype="float64")
    with tf.GradientTape() as tape:
        tape.watch(x)
        quantized = quantizer(x)

    def scaled_tanh(x):
        return max(1 / steepness, 1) * np.tanh(steepness * x)

    step = 1e-6
    expected = (scaled_tanh(x.numpy() + step) - scaled_tanh(x.numpy() - step)) / (2 * step)
    np.testing.assert_allclose(tape.gradient(quantized, x), expected, rtol=1e-6, atol=1e-8)


def test_steepness_follows_the_published_schedule():
    """From 0.1 to 10 in 600 epochs (https://arxiv.org/abs/1909.10788): a decade in half of them."""
    schedule = ErrorDecay(epochs=600)
    steepness = [schedule.value(epoch) for epoch in (0, 150, 300, 450, 600, 700)]
    np.testing.assert_allclose(steepness, [0.1, 0.1 * 10**0.5, 1, 10**0.5, 10, 10])


def test_steepness_follows_the_code_of_resnet_20():
    """From 0.001 to 10 (https://github.com/htqin/IR-Net, CIFAR-10/ResNet20/1w1a/trainer.py)."""
    schedule = ErrorDecay(1e-3, 10, epochs=400)
    for epoch in (0, 1, 37, 399):
        assert schedule.value(epoch) == pytest.approx(10 ** (-3 + (1 + 3) / 400 * epoch))


def test_schedule_reaches_weights_and_activations_and_is_saved(tmp_path):
    layer = lq.layers.QuantConv2D(2, 3, input_quantizer="ede_sign", kernel_quantizer="libra_sign")
    model = keras.Sequential([keras.Input((5, 5, 3)), layer])
    model.compile("sgd", "mse")
    images = np.random.default_rng(0).normal(size=(4, 5, 5, 3))
    history = model.fit(images, np.ones((4, 3, 3, 2)), epochs=4, verbose=0, callbacks=[ErrorDecay()])
    np.testing.assert_allclose(history.history["steepness"], [0.1, 10**-0.5, 1, 10**0.5])
    model.save(tmp_path / "model.keras")
    loaded = keras.models.load_model(tmp_path / "model.keras").layers[0]
    for quantizer in (layer.input_quantizer, loaded.input_quantizer, loaded.kernel_quantizer):
        assert float(quantizer.scheduled) == pytest.approx(10**0.5)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: EdeSign(0), "EdeSign: steepness must be positive, but is 0"),
        (lambda: LibraSign(-1), "LibraSign: steepness must be positive, but is -1"),
        (lambda: ErrorDecay(start=0), "ErrorDecay: start and end must be positive, but are 0 and 10.0"),
        (lambda: ErrorDecay(epochs=0), "ErrorDecay: epochs must be at least 1, but is 0"),
    ],
)
def test_refuses_bad_arguments(make, message):
    with pytest.raises(ValueError, match=message):
        make()
