"""Training methods on each backend: networks that fold, networks of several widths, spectra of inputs."""

from __future__ import annotations

import keras
import numpy as np
import pytest

from larq_focal.network.interpret import interpret
from larq_focal.network.keras.from_keras import from_keras
from larq_focal.nn import QuantConv2D
from larq_focal.training import (
    AnyWidthInput,
    AnyWidthKernel,
    BranchedConv2D,
    BranchedKernel,
    DistilledCrossEntropy,
    ParallelNormalization,
    SwitchableNormalization,
    autocorrelation_spectrum,
    every_width,
    fold,
    width_accuracies,
    with_bits,
)

IMAGE, WIDTHS = (6, 6, 3), (4, 2, 1)
RNG = np.random.default_rng(0)
X, Y = RNG.normal(size=(16, *IMAGE)).astype(np.float32), RNG.integers(0, 3, 16).astype(np.int32)


def network(stem, normalisation, **quantizers) -> keras.Model:
    keras.utils.set_random_seed(0)
    conv = QuantConv2D(4, 3, padding="same", pad_values=1, use_bias=False, **quantizers)
    parts = [*stem, conv, normalisation(), keras.layers.GlobalAveragePooling2D(), keras.layers.Dense(3)]
    return keras.Sequential([keras.Input(IMAGE), *parts])


def assert_read(model: keras.Model) -> None:
    graph = from_keras(model)
    assert not graph.unknown
    (output,) = graph.outputs
    np.testing.assert_allclose(interpret(graph, X, [output])[output], model.predict(X, verbose=0), atol=1e-4)


@pytest.mark.slow
def test_a_trained_network_folds_to_what_it_computes(tmp_path):
    quantizers = {"input_quantizer": "ste_sign", "kernel_quantizer": BranchedKernel("hysteresis_sign")}
    model = network([BranchedConv2D(4), BranchedConv2D(4)], ParallelNormalization, **quantizers)
    model.compile("adam", keras.losses.SparseCategoricalCrossentropy(from_logits=True))
    model.fit(X, Y, batch_size=8, epochs=3, verbose=0)
    outputs = model.predict(X, verbose=0)
    np.testing.assert_allclose(fold(model).predict(X, verbose=0), outputs, rtol=0, atol=1e-5)
    model.save(tmp_path / "model.keras")
    np.testing.assert_array_equal(keras.models.load_model(tmp_path / "model.keras").predict(X, verbose=0), outputs)
    assert_read(model)
    assert_read(fold(model))


@pytest.mark.slow
def test_a_network_of_several_widths_is_trained_saved_and_taken_apart(tmp_path):
    quantizers = {"input_quantizer": AnyWidthInput(WIDTHS), "kernel_quantizer": AnyWidthKernel(WIDTHS)}
    stem = [keras.layers.Conv2D(4, 3, use_bias=False), SwitchableNormalization(WIDTHS)]
    net = network(stem, lambda: SwitchableNormalization(WIDTHS), **quantizers)
    joint = every_width(net)
    joint.compile("adam", DistilledCrossEntropy(), metrics=width_accuracies(WIDTHS))
    history = joint.fit(X, Y, batch_size=8, epochs=3, verbose=0).history
    assert np.all(np.isfinite(history["loss"])) and "accuracy_2_bits" in history
    outputs = joint.predict(X, verbose=0)
    joint.save(tmp_path / "joint.keras")
    loaded = keras.models.load_model(tmp_path / "joint.keras")
    np.testing.assert_array_equal(loaded.predict(X, verbose=0), outputs)
    for place, bits in enumerate(WIDTHS):
        plain = with_bits(loaded, bits)
        np.testing.assert_allclose(plain.predict(X, verbose=0), outputs[:, place], rtol=0, atol=1e-4)
        assert_read(plain)


@pytest.mark.parametrize("quantizer", [None, "ste_sign"])
def test_the_spectrum_is_that_of_numpy(quantizer):
    layer = QuantConv2D(5, 3, input_quantizer=quantizer, use_bias=False)
    layer.build((None, *IMAGE))
    found = autocorrelation_spectrum(layer, X)
    outputs = keras.ops.convert_to_numpy(layer(X)).reshape(-1, 5)
    np.testing.assert_allclose(found.output_variance, outputs.var(0), rtol=1e-4)
