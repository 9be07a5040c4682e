"""Small networks for the tests of NetAdapt: with a residual sum, a concatenation and a depthwise layer."""

from __future__ import annotations

import numpy as np

from larq_focal.nn import keras

layers = keras.layers
_EPSILON = 2.0**-10


def branched(classes: int = 4) -> keras.Model:
    """Weights and constants are small whole numbers, so that every sum is exact in float32 in any order."""
    image = layers.Input((6, 6, 3), name="image")
    stem = layers.ReLU(name="stem_relu")(layers.Conv2D(16, 3, padding="same", name="stem")(image))
    x = layers.Conv2D(24, 3, padding="same", name="inner")(stem)
    x = layers.ReLU(name="inner_relu")(layers.BatchNormalization(epsilon=_EPSILON, name="inner_norm")(x))
    x = layers.Conv2D(16, 1, name="back")(x)
    x = layers.Add(name="sum")([stem, x])
    side = layers.Conv2D(8, 3, padding="same", activation="relu", name="side")(x)
    x = layers.Concatenate(name="both")([x, side])
    x = layers.DepthwiseConv2D(3, padding="same", name="depthwise")(x)
    x = layers.MaxPool2D(2, name="pool")(x)
    x = layers.Dense(16, activation="relu", name="dense")(layers.Flatten(name="flatten")(x))
    model = keras.Model(image, layers.Dense(classes, name="logits")(x), name="branched")
    random = np.random.default_rng(0)
    for layer in model.layers:
        if isinstance(layer, layers.BatchNormalization):
            count = layer.gamma.shape[0]
            beta, mean = random.integers(-2, 3, (2, count))
            layer.set_weights([np.ones(count), beta, mean, np.full(count, 1 - _EPSILON)])
        else:
            layer.set_weights([random.integers(-1, 2, weight.shape) for weight in layer.get_weights()])
    return model


def whole_images(count: int = 4) -> np.ndarray:
    """Images of small whole numbers for :func:`branched`."""
    return np.random.default_rng(1).integers(-2, 3, (count, 6, 6, 3)).astype(np.float32)
