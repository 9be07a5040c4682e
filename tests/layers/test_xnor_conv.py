from typing import Any, ClassVar

import numpy as np
import pytest

from larq_focal.deploy.audit import audit
from larq_focal.deploy.runtime import Runtime
from larq_focal.keras import keras, tf
from larq_focal.keras import larq as lq
from larq_focal.layers import XnorConv2D
from larq_focal.network.keras.from_keras import from_keras
from tests.support.convolution import convolution, padded_same
from tests.support.layer_contract import LayerContract
from tests.support.lce import converted


class XnorContract(LayerContract):
    layer = XnorConv2D
    tolerance = 1e-5
    groups: ClassVar[int] = 1

    def forward(self, x, layer):
        """The map as the mean over the channels, convolved with 1 / (height * width) everywhere, as in the paper."""
        with lq.context.quantized_scope(True):
            kernel = tf.convert_to_tensor(layer.kernel).numpy()
        signs, magnitude = np.where(x >= 0, 1, -1), np.abs(x)
        if layer.padding == "same":
            signs = padded_same(signs, layer, value=layer.pad_values)
            magnitude = padded_same(magnitude, layer, value=0)
        outputs = []
        for group, part in enumerate(np.split(kernel, layer.groups, axis=-1)):
            channels = slice(group * part.shape[2], (group + 1) * part.shape[2])
            window = np.full((*layer.kernel_size, 1, 1), 1 / np.prod(layer.kernel_size))
            scale = convolution(magnitude[..., channels].mean(-1, keepdims=True), window, layer.strides)
            outputs.append(convolution(signs[..., channels], part, layer.strides) * scale)
        return np.concatenate(outputs, axis=-1)

    def test_its_convolution_is_binary(self):
        graph = from_keras(self.network())
        assert graph.is_binary(graph["layer"])


class TestXnorConv2D(XnorContract):
    config: ClassVar[dict[str, Any]] = {"filters": 5, "kernel_size": 3, "padding": "same", "pad_values": 1}
    operators: ClassVar = {
        "LceQuantize": 1,
        "LceBconv2d": 1,
        "ABS": 1,
        "MEAN": 1,
        "PAD": 1,
        "AVERAGE_POOL_2D": 1,
        "MUL": 1,
    }

    def test_audit_finds_it_packed(self):
        model = self.network()
        found = audit(model, converted(model))
        assert found.passed
        assert [(row.intended, row.became) for row in found.layers] == [("binary", "packed")]


class TestXnorConv2DWithStridesAndGroups(XnorContract):
    shape = (8, 9, 64)
    config: ClassVar[dict[str, Any]] = {"filters": 6, "kernel_size": (3, 2), "strides": 2, "groups": 2}
    operators: ClassVar = {
        "LceQuantize": 1,
        "LceBconv2d": 1,
        "ABS": 1,
        "SPLIT": 1,
        "MEAN": 2,
        "CONCATENATION": 1,
        "AVERAGE_POOL_2D": 1,
        "MUL": 1,
    }

    def file_outputs(self, flatbuffer, x):
        return Runtime(flatbuffer).run(x)  # the other interpreter takes no groups


def test_inputs_of_one_magnitude_scale_the_whole():
    layer = XnorConv2D(4, 3)
    x = np.float32(0.7) * np.random.default_rng(0).choice([-1, 1], (2, 6, 6, 3)).astype(np.float32)
    plain = layer(np.sign(x))
    np.testing.assert_allclose(layer(x), 0.7 * plain, rtol=1e-5)


def test_approximates_the_convolution_better_than_a_single_scale():
    """The purpose of the map, on images whose magnitude differs from place to place."""
    rng = np.random.default_rng(0)
    x = (rng.normal(size=(4, 12, 12, 32)) * np.linspace(0.1, 2, 12)[:, None, None]).astype(np.float32)
    layer = XnorConv2D(8, 3, kernel_initializer=keras.initializers.RandomNormal(seed=0))
    approximation = layer(x).numpy()
    exact = tf.nn.conv2d(x, layer.kernel.latent_variable, 1, "VALID").numpy()
    single = approximation / layer.magnitude_map(x) * np.abs(x).mean()
    assert np.square(approximation - exact).mean() < 0.95 * np.square(single - exact).mean()


def test_gradient_passes_through_the_map():
    layer, x = XnorConv2D(1, 1, kernel_initializer="ones", kernel_constraint=None), tf.constant([[[[0.5, -3.0]]]])
    with tf.GradientTape() as tape:
        tape.watch(x)
        y = layer(x)
    # y = (s1 + s2) (|x1| + |x2|) / 2: the signs' gradient is 1 within [-1, 1] only.
    np.testing.assert_allclose(tape.gradient(y, x)[0, 0, 0], [1.75 + 0.0, 0.0], atol=1e-6)


@pytest.mark.parametrize(
    ("config", "message"),
    [
        ({"input_quantizer": None}, "input_quantizer must be a binary quantizer, such as 'ste_sign', not None"),
        ({"use_bias": True}, "use_bias must be False and activation None, because the map would scale them too"),
        ({"activation": "relu"}, "use_bias must be False and activation None"),
        ({"dilation_rate": 2}, "dilation_rate must be 1, but is"),
        ({"data_format": "channels_first"}, "data_format must be 'channels_last'"),
    ],
)
def test_refuses_bad_arguments(config, message):
    with pytest.raises(ValueError, match=message):
        XnorConv2D(4, 3, **config)


def test_refuses_channels_that_do_not_divide():
    with pytest.raises(ValueError, match="groups"):
        XnorConv2D(6, 3, groups=3)(tf.ones((1, 5, 5, 4)))
