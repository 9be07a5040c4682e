from typing import ClassVar

import numpy as np
import pytest

from larq_focal.deploy.audit import audit
from larq_focal.keras import keras, tf
from larq_focal.layers import FixedSignConv2D
from larq_focal.layers.fixed_sign import fixed_signs
from larq_focal.network.keras.from_keras import from_keras
from tests.support.convolution import convolution
from tests.support.layer_contract import LayerContract
from tests.support.lce import converted, operators
from tests.support.quantizer_contract import weights_of


class TestFixedSignConv2D(LayerContract):
    layer = FixedSignConv2D
    config: ClassVar = {"filters": 5, "kernel_size": (3, 2), "seed": 7, "input_quantizer": "ste_sign"}
    operators: ClassVar = {"LceQuantize": 1, "LceBconv2d": 1}
    tolerance = 1e-6

    def forward(self, x, layer):
        kernel = layer.scale.numpy() * fixed_signs((3, 2, 4, 5), 7)
        return convolution(np.where(x >= 0, 1, -1), kernel) + layer.bias.numpy()

    def test_is_binary(self):
        graph = from_keras(self.network())
        assert graph["layer"].kernel.is_binary and graph.is_binary(graph["layer"])

    def test_audit_finds_it_packed(self):
        model = self.network()
        found = audit(model, converted(model))
        assert found.passed
        assert [(row.intended, row.became) for row in found.layers] == [("binary", "packed")]


class TestFixedSignConv2DBySlice(LayerContract):
    layer = FixedSignConv2D
    config: ClassVar = {"filters": 5, "kernel_size": 3, "seed": 8, "scale": "slice", "use_bias": False}
    operators: ClassVar = {"CONV_2D": 1}
    tolerance = 1e-5

    def forward(self, x, layer):
        assert layer.scale.shape == (1, 1, 4, 5)
        return convolution(x, layer.scale.numpy() * fixed_signs((3, 3, 4, 5), 8))


def test_signs_follow_from_the_seed_on_every_machine():
    """The stream of Philox with the key 1."""
    assert fixed_signs((8,), 1).tolist() == [1, 1, -1, 1, 1, 1, 1, 1]
    np.testing.assert_array_equal(fixed_signs((3, 3, 2, 5), 4), fixed_signs((90,), 4).reshape(3, 3, 2, 5))
    assert np.any(fixed_signs((90,), 4) != fixed_signs((90,), 5))


def test_signs_are_balanced():
    signs = fixed_signs((100_000,), 3)
    assert set(np.unique(signs)) == {-1, 1}
    assert abs(signs.mean()) < 4 / np.sqrt(100_000)
    assert abs(np.mean(signs[1:] * signs[:-1])) < 4 / np.sqrt(100_000)


@pytest.fixture
def model():
    layer = FixedSignConv2D(3, 3, input_quantizer="ste_sign", padding="same", pad_values=1, use_bias=False)
    model = keras.Sequential([keras.Input((5, 5, 2)), layer])
    model.compile("sgd", "mse")
    return model


def test_training_changes_the_scale_alone(model):
    layer = model.layers[0]
    signs, before = layer.signs.copy(), weights_of(model)
    images = np.random.default_rng(0).normal(size=(4, 5, 5, 2))
    model.fit(images, np.ones((4, 5, 5, 3)), verbose=0)
    assert [weight.shape for weight in model.weights] == [(1, 1, 1, 3)]
    np.testing.assert_array_equal(layer.signs, signs)
    assert np.all(layer.scale.numpy() != next(iter(before.values())))


def test_gradient_of_the_scale_is_that_of_the_kernel_summed_with_the_signs(model):
    layer = model.layers[0]
    upstream = np.random.default_rng(0).normal(size=layer.kernel.shape).astype(np.float32)
    with tf.GradientTape() as tape:
        loss = tf.reduce_sum(layer.kernel * upstream)
    expected = (upstream * layer.signs).sum((0, 1, 2), keepdims=True)
    np.testing.assert_allclose(tape.gradient(loss, layer.scale), expected, rtol=1e-5)


def test_copies_have_the_same_signs_and_other_layers_others(model):
    copy = keras.models.clone_model(model)
    np.testing.assert_array_equal(copy.layers[0].signs, model.layers[0].signs)
    assert FixedSignConv2D(3, 3).seed != FixedSignConv2D(3, 3).seed


def test_padding_with_ones_packs(model):
    assert operators(converted(model)) == {"LceQuantize": 1, "LceBconv2d": 1}


def test_refuses_bad_arguments():
    with pytest.raises(ValueError, match='scale must be "channel" or "slice", but is \'filter\''):
        FixedSignConv2D(3, 3, scale="filter")
    with pytest.raises(ValueError, match="seed must not be negative, but is -1"):
        FixedSignConv2D(3, 3, seed=-1)
    with pytest.raises(TypeError, match="kernel_quantizer is for a trained kernel"):
        FixedSignConv2D(3, 3, kernel_quantizer="ste_sign")
    with pytest.raises(ValueError, match="divides into 3 groups, but its inputs have 4"):
        FixedSignConv2D(3, 3, groups=3)(tf.ones((1, 5, 5, 4)))
