"""Layers of training methods on Keras 3: what the plain layers compute, on every backend."""

from __future__ import annotations

import keras
import numpy as np
import pytest

from larq_focal.layers.low_bit_gradients import LowBitGradientConv2D, MultiLevelGradient, RadixFourGradient
from larq_focal.layers.low_memory import LowMemoryConv2D, LowMemoryDense, LowMemoryMaxPooling2D
from larq_focal.nn import QuantConv2D, QuantDense, SignAdam, ops, over_slices
from larq_focal.training import low_memory, low_memory_loss

BINARY = {"kernel_quantizer": "ste_sign", "kernel_constraint": "weight_clip", "use_bias": False}


def task():
    rng = np.random.default_rng(0)
    labels = rng.integers(0, 3, 60).astype(np.int32)
    return (rng.normal(size=(3, 8, 8, 3))[labels] + rng.normal(size=(60, 8, 8, 3))).astype(np.float32), labels


@pytest.mark.parametrize("batch", [3, 8, 19])
def test_slices_are_joined_and_their_sums_added(batch):
    x = ops.convert_to_tensor(np.arange(2.0 * batch, dtype=np.float32).reshape(batch, 2))
    ((doubled,), (total,)) = over_slices(lambda some: ((2 * some,), (ops.sum(some, 0),)), x)
    np.testing.assert_array_equal(ops.convert_to_numpy(doubled), 2 * ops.convert_to_numpy(x))
    np.testing.assert_array_equal(ops.convert_to_numpy(total), ops.convert_to_numpy(x).sum(0))


@pytest.mark.parametrize(
    ("plain", "ours", "shape"),
    [
        (
            QuantConv2D(4, 3, padding="same", pad_values=1, input_quantizer="ste_sign", **BINARY),
            LowMemoryConv2D(4, 3, padding="same", pad_values=1, input_quantizer="ste_sign", **BINARY),
            (11, 6, 5, 3),
        ),
        (QuantDense(4, **BINARY), LowMemoryDense(4, **BINARY), (5, 9)),
        (keras.layers.MaxPooling2D(2), LowMemoryMaxPooling2D(2), (3, 4, 6, 2)),
    ],
)
def test_values_are_those_of_the_plain_layer(plain, ours, shape):
    x = np.random.default_rng(0).normal(size=shape).astype(np.float32)
    expected = plain(x)
    ours(x)
    ours.set_weights(plain.get_weights())
    np.testing.assert_allclose(ops.convert_to_numpy(ours(x)), ops.convert_to_numpy(expected), atol=1e-4)


def test_a_network_trains_in_bits():
    keras.utils.set_random_seed(0)
    layers = keras.layers
    plain = keras.Sequential(
        [
            layers.Input((8, 8, 3)),
            QuantConv2D(8, 3, padding="same", pad_values=1, **BINARY),
            layers.MaxPooling2D(),
            layers.BatchNormalization(momentum=0.8),
            layers.Flatten(),
            QuantDense(3, input_quantizer="ste_sign", **BINARY),
            layers.BatchNormalization(momentum=0.8),
        ]
    )
    model, (x, labels) = low_memory(plain), task()
    model.compile(SignAdam(0.01), low_memory_loss, metrics=["accuracy"])
    history = model.fit(x, labels, batch_size=20, epochs=8, verbose=0).history
    assert history["accuracy"][-1] > 0.8
    assert {keras.backend.standardize_dtype(each.dtype) for each in model.trainable_variables} == {"float16", "float32"}


@pytest.mark.parametrize("quantizer", [MultiLevelGradient(seed=0), RadixFourGradient()])
def test_gradients_of_few_bits_train(quantizer):
    keras.utils.set_random_seed(0)
    layers = keras.layers
    model = keras.Sequential(
        [
            layers.Input((8, 8, 3)),
            LowBitGradientConv2D(8, 3, gradient_quantizer=quantizer, activation="relu"),
            layers.Flatten(),
            layers.Dense(3),
        ]
    )
    x, labels = task()
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    model.compile(keras.optimizers.Adam(0.01), loss, metrics=["accuracy"])
    assert model.fit(x, labels, batch_size=20, epochs=8, verbose=0).history["accuracy"][-1] > 0.9
