"""Training with kernels that are bound to a set."""

from __future__ import annotations

import numpy as np
import pytest

from larq_focal import compress
from larq_focal.network import Kernel
from larq_focal.nn import keras


def two_bits(kernel: np.ndarray) -> np.ndarray:
    return compress.quantize_kernel(Kernel(kernel, None, 32), 2).values()


def trained(optimizer) -> tuple[keras.Model, np.ndarray, np.ndarray]:
    keras.utils.set_random_seed(0)
    images = np.random.default_rng(0).normal(size=(512, 16)).astype(np.float32)
    labels = (images @ np.random.default_rng(1).normal(size=(16, 3))).argmax(1)
    model = keras.Sequential(
        [
            keras.Input((16,)),
            keras.layers.Dense(16, activation="relu", name="hidden"),
            keras.layers.Dense(3, name="scores"),
        ]
    )
    model.compile(optimizer, keras.losses.SparseCategoricalCrossentropy(from_logits=True))
    return model, images, labels


def test_kernels_are_of_the_set_and_the_loss_falls():
    model, images, labels = trained(keras.optimizers.Adam(0.01))
    losses = compress.retrain(model, two_bits, images, labels, epochs=5, batch_size=64)
    assert losses[-1] < 0.7 * losses[0]
    for layer in model.layers:
        kernel = layer.get_weights()[0]
        assert all(len(np.unique(np.round(column, 5))) <= 4 for column in kernel.T)


def test_a_projection_that_changes_nothing_is_plain_training():
    """Step by step, with the same order of the images."""
    bound, images, labels = trained(keras.optimizers.SGD(0.1))
    compress.retrain(bound, lambda kernel: kernel, images, labels, batch_size=64, seed=3)
    plain, *_ = trained(keras.optimizers.SGD(0.1))
    order = np.random.default_rng(3).permutation(512)
    for start in range(0, 512, 64):
        plain.train_on_batch(images[order[start : start + 64]], labels[order[start : start + 64]])
    for ours, theirs in zip(bound.get_weights(), plain.get_weights(), strict=True):
        np.testing.assert_allclose(ours, theirs, rtol=1e-4, atol=1e-6)


def test_latent_weights_move_although_the_kernel_rounds_every_step_away():
    """Steps of a tenth of a level add up."""
    model, images, labels = trained(keras.optimizers.SGD(0.02))
    first = [two_bits(layer.get_weights()[0]) for layer in model.layers]
    compress.retrain(model, two_bits, images, labels, epochs=3, batch_size=64)
    moved = [
        np.mean(np.sign(a) != np.sign(layer.get_weights()[0])) for a, layer in zip(first, model.layers, strict=True)
    ]
    assert max(moved) > 0.01


def test_bad_input_is_refused():
    model, images, labels = trained("sgd")
    with pytest.raises(ValueError, match="has no layer score with a kernel; these are hidden, scores"):
        compress.retrain(model, two_bits, images, labels, layers=["score"])
    with pytest.raises(ValueError, match="A batch has 128 images, but there are 5"):
        compress.retrain(model, two_bits, images[:5], labels[:5])
