"""Larq's own quantizers: what the table states of them, where the behaviour is theirs to have.

They leave the type of their inputs to Keras and TensorFlow. In a layer of mixed precision each must be told its type,
by ``dtype`` or as the global policy. Integers fail with TensorFlow's message, if at all. The signs are one another's
twins in a network and differ in their gradient only, so that one of them goes through the tests of a network.
"""

from typing import ClassVar

import numpy as np
import pytest

from larq_focal.keras import larq as lq
from larq_focal.keras import tf
from tests.support.quantizer_contract import (
    TENSOR,
    AnyValuesContract,
    FewBitContract,
    QuantizerContract,
    ValuesContract,
    small_numbers,
)


class LarqsOwn:
    takes_the_type_of_its_layer = False
    values = small_numbers(1, -1)

    def test_refuses_integers(self):
        """Or quantizes them rightly."""
        x = np.random.default_rng(0).integers(-2, 3, TENSOR).astype(np.int32)
        try:
            quantized = self.make()(x)
        except (TypeError, ValueError, tf.errors.InvalidArgumentError):
            return
        np.testing.assert_array_equal(quantized, self.make()(x.astype(np.float32)))


class Signs(LarqsOwn):
    def forward(self, x, quantizer):
        return np.where(x >= 0, 1, -1)


class TestSteSign(Signs, QuantizerContract):
    alias = "ste_sign"
    role = "activation"

    def gradient(self, x, upstream, quantizer):
        return upstream * (np.abs(x) <= 1)


class TestApproxSign(Signs, ValuesContract):
    alias = "approx_sign"

    def gradient(self, x, upstream, quantizer):
        return upstream * np.maximum(2 - 2 * np.abs(x), 0)


class TestMagnitudeAwareSign(LarqsOwn, QuantizerContract):
    alias = "magnitude_aware_sign"
    role = "kernel"

    def scale(self, w):
        return np.abs(w).mean((0, 1, 2))

    def forward(self, w, quantizer):
        return self.scale(w) * np.where(w >= 0, 1, -1)

    def gradient(self, w, upstream, quantizer):
        return upstream * self.scale(w) * (np.abs(w) <= 1)

    def test_sign_of_zero_is_plus_one(self):
        """Where a channel has other weights: the scale of one of zeros is 0."""
        x = np.ones(TENSOR, np.float32)
        x[0], x[1] = 0, -1
        quantized = self.make()(x).numpy()
        assert np.all(quantized[[0, 2]] > 0) and np.all(quantized[1] < 0)


class TestSteHeaviside(LarqsOwn, FewBitContract):
    alias = "ste_heaviside"
    role = "activation"
    levels = (0, 1)
    most_levels = 2

    def forward(self, x, quantizer):
        return np.where(x > 0, 1, 0)

    def gradient(self, x, upstream, quantizer):
        return upstream * (np.abs(x) <= 1)


class TestSteTern(LarqsOwn, FewBitContract):
    alias = "ste_tern"
    role = "kernel"
    levels = (-1, 0, 1)
    most_levels = 3
    values = small_numbers(1, -1, 0.0625, -0.0625)

    def forward(self, w, quantizer):
        return np.select([w > 0.05, w < -0.05], [1, -1], 0)

    def gradient(self, w, upstream, quantizer):
        return upstream * (np.abs(w) <= 1)


class TestDoReFa(LarqsOwn, FewBitContract):
    alias = "dorefa_quantizer"
    role = "activation"
    levels = (0, np.float32(1) / 3, np.float32(2) / 3, 1)
    most_levels = 4

    def forward(self, x, quantizer):
        return np.select([x < 1 / 6, x < 1 / 2, x < 5 / 6], [0, 1 / 3, 2 / 3], 1)

    def gradient(self, x, upstream, quantizer):
        return upstream * ((x >= 0) & (x <= 1))


class TestDoReFaOfWeights(LarqsOwn, AnyValuesContract):
    """https://arxiv.org/abs/1606.06160, eq. 9: 2 quantize(tanh(w) / (2 max|tanh(w)|) + 1/2) - 1."""

    alias = "dorefa_quantizer"
    config: ClassVar = {"mode": "weights"}
    idempotent = False  # tanh once more

    def unit(self, w):
        limited = np.tanh(w.astype(np.float64))
        return limited / max(np.abs(limited).max(), 1e-30)

    def forward(self, w, quantizer):
        """The nearest of -1, -1/3, 1/3 and 1; round to even takes 0 to 1/3."""
        unit = self.unit(w)
        return np.select([unit < -2 / 3, unit < 0, unit < 2 / 3], [-1, -1 / 3, 1 / 3], 1)

    def gradient(self, w, upstream, quantizer):
        limited = np.tanh(w.astype(np.float64))
        largest = np.abs(limited).max()
        return upstream * (1 - limited**2) / largest if largest else np.zeros(w.shape)


def test_gradient_of_the_approximate_sign_integrates_to_the_jump():
    x = tf.constant(np.linspace(-2, 2, 40_001))
    with tf.GradientTape() as tape:
        tape.watch(x)
        quantized = lq.quantizers.ApproxSign(dtype="float64")(x)
    assert np.sum(tape.gradient(quantized, x)) * 1e-4 == pytest.approx(2)
