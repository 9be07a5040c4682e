import numpy as np
import pytest

from larq_focal.keras import tf
from larq_focal.quantizers import SigmoidSign, SigmoidStep, TanhSign
from tests.support.quantizer_contract import FewBitContract, QuantizerContract, ValuesContract


class TestTanhSign(QuantizerContract):
    alias = "tanh_sign"
    role = "activation"

    def forward(self, x, quantizer):
        return np.where(x >= 0, 1, -1)

    def gradient(self, x, upstream, quantizer):
        return upstream * 2 * (1 - np.tanh(2 * x) ** 2)


class TestTanhSignOfKernels(TestTanhSign):
    role = "kernel"


class TestSigmoidSign(ValuesContract):
    alias = "sigmoid_sign"

    def forward(self, x, quantizer):
        return np.where(x >= 0, 1, -1)

    def gradient(self, x, upstream, quantizer):
        y = 1 / (1 + np.exp(-6 * x.astype(np.float64)))
        return upstream * 2 * 6 * y * (1 - y)


class TestSigmoidStep(FewBitContract):
    alias = "sigmoid_step"
    role = "activation"
    idempotent = False  # it takes 0 for positive, and gives 1
    levels = (0, 1)
    most_levels = 2

    def forward(self, x, quantizer):
        return np.where(x >= 0, 1, 0)

    def gradient(self, x, upstream, quantizer):
        y = 1 / (1 + np.exp(-6 * x.astype(np.float64)))
        return upstream * 6 * y * (1 - y)


def gradient(quantizer, x):
    x = tf.constant(x)
    with tf.GradientTape() as tape:
        tape.watch(x)
        quantized = quantizer(x)
    return tape.gradient(quantized, x).numpy()


@pytest.mark.parametrize(
    ("quantizer", "jump"), [(TanhSign(), 2), (TanhSign(5), 2), (SigmoidSign(), 2), (SigmoidStep(), 1)]
)
def test_gradient_integrates_to_the_jump(quantizer, jump):
    x = np.linspace(-20, 20, 40_001)
    assert np.sum(gradient(quantizer, x)) * 1e-3 == pytest.approx(jump, rel=1e-6)


def test_the_sigmoid_is_the_tanh_of_half_the_slope():
    x = np.linspace(-2, 2, 41)
    np.testing.assert_allclose(gradient(SigmoidSign(6), x), gradient(TanhSign(3), x))


@pytest.mark.parametrize("quantizer", [TanhSign, SigmoidSign, SigmoidStep])
def test_refuses_slopes_that_are_not_positive(quantizer):
    with pytest.raises(ValueError, match=f"{quantizer.__name__}: slope must be positive, but is 0"):
        quantizer(slope=0)
