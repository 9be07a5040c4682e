"""Layers that rewrite a product as binary ones: the same numbers, the same gradients, packed when converted."""

from typing import Any, ClassVar

import numpy as np
import pytest

from larq_focal.keras import keras, tf
from larq_focal.keras import larq as lq
from larq_focal.layers import BinaryDense, BinarySumConv2D, BitPlaneConv2D, LogGradient
from larq_focal.network.from_keras import from_keras
from larq_focal.network.interpret import interpret
from larq_focal.quantizers import TernarySign
from tests.support.lce import converted, lce_outputs, operators

HEAVISIDE = {"input_quantizer": "ste_heaviside", "kernel_quantizer": "ste_sign"}
TERNARY_INPUTS = {"input_quantizer": TernarySign(threshold=2), "kernel_quantizer": "ste_sign"}
TERNARY_KERNEL = {"input_quantizer": "ste_sign", "kernel_quantizer": lq.quantizers.SteTern(0.2)}
TERNARY = {"input_quantizer": TernarySign(threshold=2), "kernel_quantizer": lq.quantizers.SteTern(0.2)}


def integers(shape, low=-4, high=5):
    return np.random.default_rng(1).integers(low, high, (4, *shape)).astype(np.float32)


class RewriteContract:
    """``rewritten`` computes what ``direct`` computes, with the same weights."""

    shape: ClassVar[tuple[int, ...]] = (7, 8, 5)
    direct: ClassVar[type[keras.layers.Layer]] = lq.layers.QuantConv2D
    rewritten: ClassVar[type[keras.layers.Layer]] = BinarySumConv2D
    config: ClassVar[dict[str, Any]]
    """Arguments of both."""
    own_config: ClassVar[dict[str, Any]] = {}
    """Those of the rewritten layer alone."""
    products: ClassVar[int]
    """Binary convolutions of the rewritten layer."""

    def inputs(self):
        return integers(self.shape)

    def network(self, layer) -> keras.Model:
        model = keras.Sequential([keras.Input(self.shape), layer])
        rng = np.random.default_rng(0)
        for weight in model.trainable_weights:
            is_bias = weight.shape.rank == 1
            weight.assign(rng.integers(-9, 9, weight.shape) if is_bias else rng.normal(0, 0.5, weight.shape))
        return model

    def both(self) -> tuple[keras.Model, keras.Model]:
        models = (
            self.network(self.direct(**self.config)),
            self.network(self.rewritten(**self.config, **self.own_config)),
        )
        for first, second in zip(*(model.weights for model in models), strict=True):
            np.testing.assert_array_equal(first, second)
        return models

    def test_computes_the_same_without_error(self):
        direct, rewritten = self.both()
        expected = direct(self.inputs()).numpy()
        assert np.ptp(expected) > 0
        np.testing.assert_array_equal(rewritten(self.inputs()), expected)

    def test_has_the_same_gradients(self):
        x = tf.constant(self.inputs())
        gradients = []
        for model in self.both():
            with tf.GradientTape() as tape:
                tape.watch(x)
                loss = tf.reduce_sum(tf.square(model(x)))
            gradients.append(tape.gradient(loss, [x, *model.trainable_weights]))
        for first, second in zip(*gradients, strict=True):
            np.testing.assert_allclose(first, second, rtol=1e-4, atol=1e-3)

    def test_converts_to_packed_products_without_error(self):
        _, rewritten = self.both()
        flatbuffer = converted(rewritten)
        counts = operators(flatbuffer)
        assert counts["LceBconv2d"] == self.products
        assert not {"CONV_2D", "FULLY_CONNECTED"} & set(counts)
        np.testing.assert_array_equal(lce_outputs(flatbuffer, self.inputs()), rewritten(self.inputs()))

    def test_graph_is_the_one_product_that_it_stands_for(self):
        direct, rewritten = map(from_keras, self.both())
        assert [type(op) for op in rewritten] == [type(op) for op in direct]
        (output,) = rewritten.outputs
        np.testing.assert_array_equal(
            interpret(rewritten, self.inputs())[output], interpret(direct, self.inputs())[direct.outputs[0]]
        )

    def test_is_saved_and_loaded(self, tmp_path):
        _, rewritten = self.both()
        rewritten.save(tmp_path / "model.keras")
        loaded = keras.models.load_model(tmp_path / "model.keras")
        assert loaded.layers[0].get_config() == rewritten.layers[0].get_config()
        np.testing.assert_array_equal(loaded(self.inputs()), rewritten(self.inputs()))


class TestZeroAndOne(RewriteContract):
    config: ClassVar = {"filters": 6, "kernel_size": 3, "padding": "same", **HEAVISIDE}
    own_config: ClassVar = {"input_levels": (0, 1)}
    products = 1


class TestZeroAndOneWithStrides(RewriteContract):
    config: ClassVar = {"filters": 6, "kernel_size": 3, "padding": "same", "strides": 2, **HEAVISIDE}
    own_config: ClassVar = {"input_levels": (0, 1)}
    products = 1


class TestZeroAndOneWithoutPadding(RewriteContract):
    config: ClassVar = {"filters": 6, "kernel_size": (2, 3), "dilation_rate": 2, **HEAVISIDE}
    own_config: ClassVar = {"input_levels": (0, 1)}
    products = 1


class TestTernaryInputs(RewriteContract):
    config: ClassVar = {"filters": 6, "kernel_size": 3, "padding": "same", **TERNARY_INPUTS}
    own_config: ClassVar = {"input_levels": (-1, 0, 1)}
    products = 2


class TestTernaryKernel(RewriteContract):
    config: ClassVar = {"filters": 6, "kernel_size": 3, "padding": "same", "pad_values": 1, **TERNARY_KERNEL}
    own_config: ClassVar = {"kernel_levels": (-1, 0, 1)}
    products = 2

    def network(self, layer):
        """One channel of the kernel is all 0."""
        model = super().network(layer)
        model.layers[0].kernel.latent_variable[..., 2].assign(tf.zeros((3, 3, 5)))
        return model


class TestTernaryInputsAndKernel(RewriteContract):
    config: ClassVar = {"filters": 6, "kernel_size": 3, "padding": "same", **TERNARY}
    own_config: ClassVar = {"input_levels": (-1, 0, 1), "kernel_levels": (-1, 0, 1)}
    products = 4


class TestBitPlanes(RewriteContract):
    rewritten = BitPlaneConv2D
    config: ClassVar = {"filters": 6, "kernel_size": 3, "padding": "same", "kernel_quantizer": "ste_sign"}
    products = 8

    def inputs(self):
        return integers(self.shape, 0, 256)


class TestBinaryDense(RewriteContract):
    shape = (37,)
    direct = lq.layers.QuantDense
    rewritten = BinaryDense
    config: ClassVar = {"units": 6, "input_quantizer": "ste_sign", "kernel_quantizer": "ste_sign"}
    products = 1


def test_two_bit_inputs_are_three_binary_convolutions():
    config = {"filters": 4, "kernel_size": 3, "padding": "same", "input_quantizer": lq.quantizers.DoReFa(2)}
    layer = BinarySumConv2D(**config, kernel_quantizer="ste_sign", input_levels=np.arange(4) / 3)
    direct = lq.layers.QuantConv2D(**config, kernel_quantizer="ste_sign")
    x = np.random.default_rng(0).uniform(-0.2, 1.2, (2, 6, 6, 4)).astype(np.float32)
    model = keras.Sequential([keras.Input((6, 6, 4)), layer])
    direct.build(x.shape)
    direct.set_weights(layer.get_weights())
    np.testing.assert_allclose(model(x), direct(x), atol=1e-5)
    flatbuffer = converted(model)
    assert operators(flatbuffer)["LceBconv2d"] == 3
    np.testing.assert_allclose(lce_outputs(flatbuffer, x), model(x), atol=1e-5)


def test_log_gradients_reach_binary_convolutions():
    conv = BinarySumConv2D(4, 3, input_levels=(-1, 0, 1), kernel_quantizer="ste_sign")
    model = keras.Sequential([keras.Input((8, 8, 3)), LogGradient(), conv])
    image = np.random.default_rng(0).uniform(0.01, 1, (2, 8, 8, 3)).astype(np.float32)
    flatbuffer = converted(model)
    assert operators(flatbuffer)["LceBconv2d"] == 2
    np.testing.assert_array_equal(lce_outputs(flatbuffer, image), model(image))
    assert from_keras(model).input_bits(from_keras(model)[conv.name]) == 2


@pytest.mark.parametrize(
    ("config", "message"),
    [
        ({"input_levels": (1, 0)}, r"input_levels must be two or more rising numbers, but is \(1.0, 0.0\)"),
        ({"kernel_levels": (0, 1)}, "kernel_levels must hold each level with both signs"),
        ({"padding": "same"}, r"pads with pad_values=0, which is none of the input_levels .*: use padding='valid'"),
        ({"data_format": "channels_first"}, "data_format must be 'channels_last'"),
    ],
)
def test_binary_sum_refuses_bad_arguments(config, message):
    with pytest.raises(ValueError, match=message):
        BinarySumConv2D(4, 3, **config)


@pytest.mark.parametrize(
    ("config", "message"),
    [
        ({"bits": 17}, "bits must be from 1 to 16, but is 17"),
        ({"input_quantizer": "ste_sign"}, "input_quantizer must be None"),
        ({"padding": "same", "pad_values": 1.0}, "pad_values must be 0, but is 1.0"),
    ],
)
def test_bit_plane_convolution_refuses_bad_arguments(config, message):
    with pytest.raises(ValueError, match=message):
        BitPlaneConv2D(4, 3, **config)


def test_binary_dense_refuses_images():
    with pytest.raises(ValueError, match=r"needs inputs of shape .* Put a Flatten before it"):
        BinaryDense(4)(np.ones((1, 2, 2, 3)))
