"""What a layer must be that computes another one's product by binary convolutions. A test class inherits it."""

from __future__ import annotations

from typing import Any, ClassVar

import numpy as np

from larq_focal.deploy.audit import audit
from larq_focal.keras import keras, tf
from larq_focal.keras import larq as lq
from larq_focal.network.interpret import interpret
from larq_focal.network.keras.from_keras import from_keras
from tests.support.layer_contract import global_policy
from tests.support.lce import converted, lce_outputs, operators
from tests.support.quantizer_contract import FORMATS, save


def integers(shape: tuple[int, ...], low: int = -4, high: int = 5) -> np.ndarray:
    return np.random.default_rng(1).integers(low, high, (4, *shape)).astype(np.float32)


def copied(config: dict[str, Any]) -> dict[str, Any]:
    """Arguments with quantizers of their own, which follow the policy of the moment."""

    def copy(value):
        if not isinstance(value, keras.layers.Layer):
            return value
        return type(value).from_config({name: item for name, item in value.get_config().items() if name != "dtype"})

    return {name: copy(value) for name, value in config.items()}


class RewriteContract:
    """``rewritten`` computes what ``direct`` computes, with the same weights."""

    shape: ClassVar[tuple[int, ...]] = (7, 8, 5)
    direct: ClassVar[type[keras.layers.Layer]] = lq.layers.QuantConv2D
    rewritten: ClassVar[type[keras.layers.Layer]]
    config: ClassVar[dict[str, Any]]
    """Arguments of both."""
    own_config: ClassVar[dict[str, Any]] = {}
    """Those of the rewritten layer alone."""
    products: ClassVar[int]
    """Binary convolutions of the rewritten layer."""
    intended: ClassVar[str] = "few-bit"
    """What the audit says that the layer was meant to be."""
    formats: ClassVar[tuple[str, ...]] = ("keras",)
    """Those that it is saved in."""
    tolerance: ClassVar[float] = 0
    """The largest difference, relative to the largest output; 0 for integers."""

    def inputs(self) -> np.ndarray:
        return integers(self.shape)

    def network(self, layer) -> keras.Model:
        model = keras.Sequential([keras.Input(self.shape), layer])
        rng = np.random.default_rng(0)
        for weight in model.trainable_weights:
            if weight.shape.rank:
                is_bias = weight.shape.rank == 1
                weight.assign(rng.integers(-9, 9, weight.shape) if is_bias else rng.normal(0, 0.5, weight.shape))
        return model

    def rewritten_network(self) -> keras.Model:
        return self.network(self.rewritten(**copied(self.config), **self.own_config))

    def both(self) -> tuple[keras.Model, keras.Model]:
        models = self.network(self.direct(**copied(self.config))), self.rewritten_network()
        for first, second in zip(*(model.weights for model in models), strict=True):
            np.testing.assert_array_equal(first, second)
        return models

    def assert_agree(self, actual, expected) -> None:
        limit = self.tolerance * np.abs(expected).max()
        np.testing.assert_allclose(actual, expected, rtol=0, atol=limit)

    def test_computes_the_same_without_error(self):
        direct, rewritten = self.both()
        expected = direct(self.inputs()).numpy()
        assert np.ptp(expected) > 0
        self.assert_agree(rewritten(self.inputs()), expected)

    def test_has_the_same_gradients(self):
        # By XLA: TensorFlow's own kernels have no gradient of dilated convolutions on processors without AVX-512.
        @tf.function(jit_compile=True)
        def gradients(model, x):
            with tf.GradientTape() as tape:
                tape.watch(x)
                loss = tf.reduce_sum(tf.square(model(x)))
            return tape.gradient(loss, [x, *model.trainable_weights])

        x = tf.constant(self.inputs())
        for first, second in zip(*(gradients(model, x) for model in self.both()), strict=True):
            np.testing.assert_allclose(first, second, rtol=1e-4, atol=1e-3)

    def test_converts_to_packed_products_without_error(self):
        rewritten = self.rewritten_network()
        flatbuffer, expected = converted(rewritten), rewritten(self.inputs()).numpy()
        counts = operators(flatbuffer)
        assert counts["LceBconv2d"] == self.products
        assert not {"CONV_2D", "FULLY_CONNECTED"} & set(counts)
        self.assert_agree(self.file_outputs(flatbuffer), expected)
        found = audit(rewritten, flatbuffer, data=self.inputs())
        assert found.passed, found.errors
        assert [(row.intended, row.became, row.reason) for row in found.layers] == [(self.intended, "packed", "")]

    def file_outputs(self, flatbuffer: bytes) -> np.ndarray:
        return lce_outputs(flatbuffer, self.inputs())

    def test_graph_is_the_one_product_that_it_stands_for(self):
        direct, rewritten = map(from_keras, self.both())
        assert [type(op) for op in rewritten] == [type(op) for op in direct]
        (output,) = rewritten.outputs
        np.testing.assert_array_equal(
            interpret(rewritten, self.inputs())[output], interpret(direct, self.inputs())[direct.outputs[0]]
        )

    def test_is_saved_and_loaded_and_cloned(self, tmp_path):
        rewritten = self.rewritten_network()
        copies = [keras.models.clone_model(rewritten)]
        copies[0].set_weights(rewritten.get_weights())
        for kind in self.formats:
            save(rewritten, tmp_path / FORMATS[kind])
            copies.append(keras.models.load_model(tmp_path / FORMATS[kind], compile=False))
        for copy in copies:
            config, expected = copy.layers[0].get_config(), rewritten.layers[0].get_config()
            assert all(config[name] == expected[name] for name in self.own_config)
            np.testing.assert_array_equal(copy(self.inputs()), rewritten(self.inputs()))

    def test_half_precision_costs_no_more_than_its_rounding(self):
        expected = self.rewritten_network()(self.inputs()).numpy()
        with global_policy("mixed_bfloat16"):
            half = self.rewritten_network()(self.inputs())
        assert half.dtype == "bfloat16"
        np.testing.assert_allclose(tf.cast(half, "float32"), expected, rtol=0, atol=0.05 * np.abs(expected).max())
