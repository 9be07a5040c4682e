"""What every layer of the package must be. A test class inherits it and declares its layer."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, ClassVar

import numpy as np
import pytest

from larq_focal.keras import keras
from larq_focal.keras import larq as lq
from larq_focal.network.interpret import interpret
from larq_focal.network.keras.from_keras import from_keras
from tests.support.lce import converted, lce_outputs, operators, randomise_batch_norms
from tests.support.quantizer_contract import FORMATS, assert_same_weights, save


@contextmanager
def global_policy(name: str) -> Iterator[None]:
    before = keras.mixed_precision.global_policy()
    keras.mixed_precision.set_global_policy(name)
    try:
        yield
    finally:
        keras.mixed_precision.set_global_policy(before)


class LayerContract:
    """Values, configuration, saving, description as a graph, conversion."""

    layer: ClassVar[type[keras.layers.Layer]]
    config: ClassVar[dict[str, Any]] = {}
    """Arguments of the layer under test."""
    shape: ClassVar[tuple[int, ...]] = (6, 7, 4)
    """Of one input."""
    operators: ClassVar[dict[str, int]]
    """Of the converted network of this layer alone."""
    tolerance: ClassVar[float] = 0
    """The largest difference to the reference and to the converted network, relative to the largest output."""

    def forward(self, x: np.ndarray, layer) -> np.ndarray:
        """What the layer computes, derived again in NumPy."""
        raise NotImplementedError

    def inputs(self, count: int = 4) -> np.ndarray:
        return np.random.default_rng(1).normal(size=(count, *self.shape)).astype(np.float32)

    def network(self) -> keras.Model:
        """The layer alone, with random weights."""
        keras.utils.set_random_seed(0)
        model = keras.Sequential([keras.Input(self.shape), self.layer(**self.config, name="layer")])
        rng = np.random.default_rng(2)
        for weight in model.weights:
            weight.assign(rng.normal(0, 0.5, weight.shape))
        return model

    def assert_agree(self, actual, expected) -> None:
        limit = self.tolerance * np.abs(expected).max()
        np.testing.assert_allclose(actual, expected, rtol=0, atol=limit)

    def test_computes_what_the_reference_computes(self):
        model, x = self.network(), self.inputs()
        expected = self.forward(x, model.layers[0])
        assert np.ptp(expected) > 0
        self.assert_agree(model(x).numpy(), expected)
        assert model.output_shape[1:] == expected.shape[1:]

    def test_config_makes_it_again(self):
        layer = self.layer(**self.config, name="layer")
        assert type(layer).from_config(layer.get_config()).get_config() == layer.get_config()

    @pytest.mark.parametrize("kind", FORMATS)
    def test_is_saved_and_loaded(self, kind, tmp_path):
        model, x = self.network(), self.inputs()
        save(model, tmp_path / FORMATS[kind])
        loaded = keras.models.load_model(tmp_path / FORMATS[kind], compile=False)
        assert_same_weights(model, loaded)
        np.testing.assert_array_equal(loaded(x), model(x))

    def test_keeps_the_type_of_half_precision(self):
        with global_policy("mixed_bfloat16"):  # Larq's quantizers follow that one, not their layer's
            assert self.layer(**self.config)(self.inputs()).dtype == "bfloat16"

    def test_is_cloned(self):
        model, x = self.network(), self.inputs()
        clone = keras.models.clone_model(model)
        clone.set_weights(model.get_weights())
        np.testing.assert_array_equal(clone(x), model(x))

    def test_graph_computes_the_same(self):
        model, x = self.network(), self.inputs()
        graph = from_keras(model)
        assert not graph.unknown
        (output,) = graph.outputs
        self.assert_agree(interpret(graph, x, [output])[output], model(x).numpy())

    def test_converts_to_these_operators_and_computes_the_same(self):
        model, x = self.network(), self.inputs()
        flatbuffer = converted(model)
        assert operators(flatbuffer) == self.operators
        self.assert_agree(self.file_outputs(flatbuffer, x), model(x).numpy())

    def file_outputs(self, flatbuffer: bytes, x: np.ndarray) -> np.ndarray:
        """What the converted network computes."""
        return lce_outputs(flatbuffer, x)


class EncoderContract(LayerContract):
    """A layer that makes an image binary: the first convolution is a packed one."""

    def test_first_layer_becomes_packed(self):
        keras.utils.set_random_seed(0)
        conv = lq.layers.QuantConv2D(8, 3, kernel_quantizer="ste_sign", use_bias=False)
        encoder = self.layer(**self.config)
        model = keras.Sequential([keras.Input(self.shape), encoder, conv, keras.layers.BatchNormalization()])
        randomise_batch_norms(model)
        flatbuffer, x = converted(model), self.inputs()
        counts = operators(flatbuffer)
        assert (counts["LceQuantize"], counts["LceBconv2d"], counts["CONV_2D"]) == (1, 1, 0)
        np.testing.assert_allclose(lce_outputs(flatbuffer, x), model(x), rtol=1e-4, atol=1e-4)
        assert from_keras(model).is_binary(from_keras(model)[conv.name])
