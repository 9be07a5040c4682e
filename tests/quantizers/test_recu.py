from typing import ClassVar

import numpy as np
import pytest
from hypothesis import strategies as st

from larq_focal.keras import keras, tf
from larq_focal.keras import larq as lq
from larq_focal.quantizers import ReCUSign, ReCUTau
from larq_focal.quantizers.binary_kernels.recu import laplace_quantile, rectified_sign
from tests.quantizers.test_libra import standardized
from tests.support.quantizer_contract import QuantizerContract, ValuesContract


class _Values:
    alias = "recu_sign"
    values = st.integers(-8, 8).map(lambda k: k / 4)
    idempotent = False
    tau = 0.85

    def forward(self, w, quantizer):
        v, _ = standardized(w)
        return np.where(v >= 0, 1, -1)

    def gradient(self, w, upstream, quantizer):
        v, deviation = standardized(w)
        limit = np.abs(v).mean() * -np.log(2 - 2 * self.tau) if self.tau < 1 else np.inf
        by_v = upstream * (np.abs(v) <= limit)
        through_deviation = v * (by_v * v).sum((0, 1, 2)) / (v[..., 0].size - 1)
        return np.sqrt(8) * (by_v - by_v.mean((0, 1, 2)) - through_deviation) / deviation


class TestReCUSign(_Values, QuantizerContract):
    role = "kernel"


class TestReCUSignWithoutClamp(_Values, ValuesContract):
    config: ClassVar = {"tau": 1.0}
    tau = 1.0


@pytest.mark.parametrize("tau", [0.6, 0.85, 0.99])
def test_limit_is_a_quantile_of_the_laplace_distribution(tau):
    draws = np.random.default_rng(0).laplace(0, 2, 1_000_000)
    limit = float(laplace_quantile(tf.constant(2.0), tf.constant(tau)))
    assert np.mean(draws <= limit) == pytest.approx(tau, abs=0.002)


def test_weights_beyond_the_limit_are_held():
    """Of Laplace weights, 2 (1 - tau) lie beyond."""
    v = np.random.default_rng(0).laplace(0, 0.01, (3, 3, 128, 16)).astype(np.float32)
    w = tf.constant(v)
    with tf.GradientTape() as tape:
        tape.watch(w)
        quantized = rectified_sign(w, laplace_quantile(tf.constant(0.01), tf.constant(0.9)))
    assert np.mean(tape.gradient(quantized, w).numpy() == 0) == pytest.approx(0.2, abs=0.01)


def test_tau_follows_the_published_schedule():
    """tau = A e^(i/N) + B with A = (0.99 - 0.85) / (e - 1) and B = 0.85 - A (z-hXu/ReCU, cifar/main.py)."""
    schedule = ReCUTau(epochs=600)
    scale = (0.99 - 0.85) / (np.e - 1)
    for epoch in (0, 1, 300, 599):
        assert schedule.value(epoch) == pytest.approx(scale * np.exp(epoch / 600) + 0.85 - scale)
    assert schedule.value(0) == 0.85
    assert schedule.value(600) == schedule.value(700) == pytest.approx(0.99)


def test_schedule_reaches_the_kernel():
    layer = lq.layers.QuantDense(2, kernel_quantizer="recu_sign")
    model = keras.Sequential([keras.Input((4,)), layer])
    model.compile("sgd", "mse")
    history = model.fit(np.ones((2, 4)), np.ones((2, 2)), epochs=2, verbose=0, callbacks=[ReCUTau()])
    assert float(layer.kernel_quantizer.scheduled) == pytest.approx(history.history["recu_tau"][1])


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: ReCUSign(0.5), r"ReCUSign: tau must be above 0.5 and at most 1, but is 0.5"),
        (lambda: ReCUTau(end=1.1), r"ReCUTau: end must be above 0.5 and at most 1, but is 1.1"),
    ],
)
def test_refuses_a_tau_out_of_range(make, message):
    with pytest.raises(ValueError, match=message):
        make()
