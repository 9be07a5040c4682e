from typing import ClassVar

import numpy as np
import pytest
from hypothesis import strategies as st

from larq_focal.quantizers import NiblackSign, SauvolaSign
from tests.support.quantizer_contract import TENSOR, QuantizerContract

eighths = st.integers(-16, 16).map(lambda k: k / 8)


def neighbourhoods(x, statistic, window=3):
    """``statistic`` of the pixels around each pixel, those of the image only."""
    result, reach = np.zeros(x.shape, np.float32), window // 2
    for row in range(x.shape[1]):
        for column in range(x.shape[2]):
            rows = slice(max(row - reach, 0), row + reach + 1)
            columns = slice(max(column - reach, 0), column + reach + 1)
            result[:, row, column] = statistic(x[:, rows, columns], axis=(1, 2))
    return result


class LocalThreshold(QuantizerContract):
    role = "activation"
    idempotent = False
    values = eighths
    """Few digits, so that no sign hangs on the order of additions."""

    def statistics(self, x):
        mean = neighbourhoods(x, np.mean)
        return mean, np.sqrt(np.maximum(neighbourhoods(np.square(x), np.mean) - np.square(mean), 0))

    def test_sign_of_zero_is_plus_one(self):
        """Where a pixel lies on its threshold: an image without contrast lies on its mean."""
        for value in (1.0, 0.0, -0.0):
            assert np.all(self.make()(np.full(TENSOR, value, np.float32)) == 1)

    def gradient(self, x, upstream, quantizer):
        return upstream * (np.abs(x - self.threshold(x)) <= 1)

    def forward(self, x, quantizer):
        return np.where(x >= self.threshold(x), 1, -1)


class TestNiblackSign(LocalThreshold):
    alias = "niblack_sign"
    operators_added: ClassVar = {"AVERAGE_POOL_2D": 2, "SQUARE": 2, "SUB": 2, "SQRT": 1, "MUL": 1, "ADD": 1}

    def threshold(self, x):
        mean, deviation = self.statistics(x)
        return mean - np.float32(0.2) * deviation


class TestSauvolaSign(LocalThreshold):
    alias = "sauvola_sign"
    operators_added: ClassVar = {
        "AVERAGE_POOL_2D": 2, "SQUARE": 2, "SUB": 2, "SQRT": 1, "MUL": 4, "ADD": 1, "REDUCE_MAX": 1
    }  # fmt: skip
    values = st.integers(0, 16).map(lambda k: k / 8)

    def threshold(self, x):
        mean, deviation = self.statistics(x)
        largest = deviation.max((1, 2), keepdims=True)
        with np.errstate(invalid="ignore"):
            threshold = mean * (1 + np.float32(0.5) * (deviation / largest - 1))
        return np.where(largest == 0, np.minimum(x, 1), threshold)

    def gradient(self, x, upstream, quantizer):
        """Undecided where |x - T| is 1 but for rounding, because the quantizer compares multiples of both."""
        distance = np.abs(x - self.threshold(x))
        return np.where(np.abs(distance - 1) < 1e-5, np.nan, upstream * (distance <= 1))


@pytest.mark.parametrize("quantizer", [NiblackSign, SauvolaSign])
def test_light_changes_nothing(quantizer):
    """Twice the intensity has twice the threshold."""
    image = np.random.default_rng(0).integers(0, 256, (2, 8, 9, 3)).astype(np.float32)
    np.testing.assert_array_equal(quantizer()(2 * image), quantizer()(image))


def test_niblack_finds_a_dark_line_in_any_light():
    image = np.tile(np.linspace(10, 200, 20, dtype=np.float32), (1, 9, 1))[..., None]
    image[:, 4] *= 0.5
    np.testing.assert_array_equal(NiblackSign()(image)[:, 4], -np.ones((1, 20, 1)))


@pytest.mark.parametrize("quantizer", [NiblackSign, SauvolaSign])
def test_refuses(quantizer):
    with pytest.raises(ValueError, match="window must be at least 1, but is 0"):
        quantizer(window=0)
    with pytest.raises(ValueError, match=r"needs inputs of shape \[batch, height, width, channels\], but got"):
        quantizer()(np.ones((2, 5)))
