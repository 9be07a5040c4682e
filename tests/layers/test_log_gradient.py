from typing import ClassVar

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from larq_focal.layers import LogGradient
from larq_focal.network.keras.from_keras import from_keras
from tests.support.layer_contract import EncoderContract, LayerContract
from tests.support.quantizer_contract import as_property

intensities = arrays(np.float32, (1, 5, 6, 2), elements=st.integers(1, 2**10).map(float))


def log_gradients(x):
    """Pixel by pixel, with logarithms in float64."""
    log, (batch, height, width, channels) = np.log(x.astype(np.float64)), x.shape
    gradients = np.zeros((batch, height - 2, width - 2, 2 * channels))
    for row in range(1, height - 1):
        for column in range(1, width - 1):
            along_width = log[:, row, column + 1] - log[:, row, column - 1]
            along_height = log[:, row + 1, column] - log[:, row - 1, column]
            gradients[:, row - 1, column - 1] = np.concatenate([along_width, along_height], axis=-1)
    return gradients


class Images:
    def inputs(self, count=4):
        return np.random.default_rng(1).uniform(0.01, 1, (count, *self.shape)).astype(np.float32)


class TestOneBit(Images, EncoderContract):
    layer = LogGradient
    config: ClassVar = {"threshold": 0.2, "bits": 1}
    operators: ClassVar = {
        "STRIDED_SLICE": 4, "CONCATENATION": 2, "MUL": 1, "SUB": 1, "LceQuantize": 1, "LceDequantize": 1
    }  # fmt: skip

    def forward(self, x, layer):
        return np.where(log_gradients(x) >= 0.2, 1, -1)


class TestOneAndAHalfBits(Images, LayerContract):
    layer = LogGradient
    config: ClassVar = {"threshold": 0.2}
    operators: ClassVar = {
        "STRIDED_SLICE": 4, "CONCATENATION": 2, "MUL": 3, "GREATER": 2, "SUB": 1, "LceQuantize": 2, "LceDequantize": 2
    }  # fmt: skip

    def forward(self, x, layer):
        gradients = log_gradients(x)
        return np.where(gradients > 0.2, 1, np.where(gradients < -0.2, -1, 0))

    def test_graph_has_two_bits(self):
        graph = from_keras(self.network())
        assert graph.bits(graph.outputs[0]) == 2


@pytest.mark.parametrize("bits", [1, 1.5])
@as_property
@given(image=intensities, exposure=st.sampled_from([2.0**-5, 0.5, 2.0, 8.0]))
def test_exposure_changes_nothing(bits, image, exposure):
    """From 1/32 to 8 times the light, the range of the paper."""
    layer = LogGradient(bits=bits)
    np.testing.assert_array_equal(layer(exposure * image), layer(image))


@as_property
@given(image=intensities)
def test_a_mirrored_image_has_the_opposite_gradient(image):
    layer = LogGradient()
    gradient, mirrored = layer(image).numpy(), layer(image[:, ::-1, ::-1]).numpy()
    np.testing.assert_array_equal(mirrored[:, ::-1, ::-1], -gradient)


@pytest.mark.parametrize("intensity", [0.0, 0.3, 200.0])
def test_is_zero_on_constant_images(intensity):
    np.testing.assert_array_equal(LogGradient()(np.full((1, 4, 5, 3), intensity)), np.zeros((1, 2, 3, 6)))


@pytest.mark.parametrize(
    ("config", "message"),
    [
        ({"bits": 2}, "bits must be 1 or 1.5, but is 2"),
        ({"threshold": -0.1}, "threshold must not be negative at 1.5 bits, but is -0.1"),
    ],
)
def test_refuses_bad_arguments(config, message):
    with pytest.raises(ValueError, match=message):
        LogGradient(**config)


@pytest.mark.parametrize("shape", [(2, 5), (1, 2, 5, 3), (1, 5, 2, 3)])
def test_refuses_inputs_without_neighbours(shape):
    with pytest.raises(ValueError, match=r"needs inputs of shape .* with a height and width from 3 up"):
        LogGradient()(np.ones(shape))
