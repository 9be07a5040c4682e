"""Trained two-layer networks: the same class as Keras for every image, within the time that a person waits."""

from __future__ import annotations

import time

import numpy as np
import pytest

pytest.importorskip("larq")

from sklearn.datasets import load_digits

import larq_focal as lqf
from larq_focal.focal_plane.compiler import compile_network
from tests.focal_plane.compiler.random_layers import small

IMAGES = 100


def network(classifier: bool):
    """Two binary convolutions; behind them a binary dense layer, or the sums of a convolution over the whole map."""
    import larq

    from larq_focal.keras import keras

    def binary(layer, *arguments, **options):
        quantizers = {"kernel_quantizer": "ste_sign", "kernel_constraint": "weight_clip"}
        return layer(*arguments, input_quantizer="ste_sign", use_bias=False, **quantizers, **options)

    layers = [
        keras.layers.Input((8, 8, 1)),
        binary(larq.layers.QuantConv2D, 4, 3, padding="same", pad_values=1.0),
        keras.layers.BatchNormalization(),
        binary(larq.layers.QuantConv2D, 8, 3, strides=2, padding="same"),
        keras.layers.BatchNormalization(),
    ]
    if classifier:
        layers += [keras.layers.Flatten(), binary(larq.layers.QuantDense, 10), keras.layers.BatchNormalization()]
    else:
        layers += [binary(larq.layers.QuantConv2D, 10, 4), keras.layers.Flatten(), keras.layers.BatchNormalization()]
    return keras.Sequential(layers)


@pytest.fixture(scope="module")
def digits():
    digits = load_digits()
    return (digits.images[..., None] / 8 - 1).astype(np.float32), digits.target


@pytest.fixture(scope="module", params=[True, False], ids=["dense", "convolution"])
def trained(request, digits):
    from larq_focal.keras import keras

    keras.utils.set_random_seed(0)
    images, labels = digits
    model = network(request.param)
    model.compile("adam", keras.losses.SparseCategoricalCrossentropy(from_logits=True))
    model.fit(images[:-IMAGES], labels[:-IMAGES], epochs=3, batch_size=32, verbose=0)
    return model


@pytest.mark.slow
def test_every_image_gets_the_class_that_keras_gives(trained, digits):
    images = digits[0][-IMAGES:]
    compiled = lqf.compile(trained, small("scamp5", 32, 32))
    (scores,) = compiled.run(images).values()
    expected = trained(images).numpy()
    np.testing.assert_allclose(scores, expected, rtol=1e-5, atol=1e-5)
    assert (scores.argmax(1) == expected.argmax(1)).all()


@pytest.mark.slow
def test_a_network_compiles_and_runs_while_one_waits(trained, digits):
    started = time.process_time()
    compiled = compile_network(trained)
    compiled_after = time.process_time()
    compiled.run(digits[0][:1])
    assert compiled_after - started < 5
    assert time.process_time() - compiled_after < 2
