"""The network of real-to-binary convolutions."""

from __future__ import annotations

from pathlib import Path

from larq_focal.nn import QuantConv2D, keras
from larq_focal.zoo.networks.larq_zoo.parts import mean_over_space
from larq_focal.zoo.weights import with_weights

layers = keras.layers

_NAME = "r2b_bnn"


def real_to_binary_net(
    *,
    weights: str | Path | None = None,
    input_shape: tuple[int | None, int | None, int] = (224, 224, 3),
    num_classes: int = 1000,
    include_top: bool = True,
) -> keras.Model:
    """ResNet-18 of binary convolutions, each with a shortcut, scaled by channels as a small network sees its inputs.

    It returns probabilities.

    Args:
        weights: None for random ones, or the path of a weights file; those that larq-zoo writes end in ".h5".
        input_shape: ``(height, width, channels)``, pixels in [-1, 1].
        num_classes: Number of classes.
        include_top: Whether the mean over space and the classifier are there.

    Raises:
        ValueError: ``weights`` is not known or does not fit.

    Source:
        Martinez et al., "Training binary neural networks with real-to-binary convolutions", ICLR 2020,
        https://openreview.net/forum?id=BJg4NgBKvH; https://github.com/larq/zoo,
        larq_zoo/literature/real_to_bin_nets.py.
    """
    image = layers.Input(input_shape)
    x = _stem(image, f"{_NAME}_block_1")
    for block in range(2, 10):
        for half in ("a", "b"):
            smaller = half == "a" and block in (4, 6, 8)
            x = _binary_convolution(x, smaller, f"{_NAME}_block_{block}{half}")
    if include_top:
        x = mean_over_space(x, f"{_NAME}_block_10_global_pool")
        x = layers.Dense(num_classes, name=f"{_NAME}_block_10_logits")(x)
        x = layers.Softmax(name=f"{_NAME}_block_10_probs", dtype="float32")(x)
    return with_weights(keras.Model(image, x, name=_NAME), weights)


def _stem(image, name: str):
    options = {"padding": "same", "kernel_initializer": "glorot_normal", "use_bias": False}
    x = layers.Conv2D(64, 7, strides=2, name=f"{name}_conv2d", **options)(image)
    x = layers.BatchNormalization(name=f"{name}_batch_norm")(x)
    x = layers.PReLU(shared_axes=[1, 2], name=f"{name}_prelu")(x)
    return layers.MaxPool2D(3, strides=2, padding="same", name=f"{name}_pool")(x)


def _binary_convolution(x, smaller: bool, name: str):
    maps = x.shape[-1] * (2 if smaller else 1)
    options = {"kernel_initializer": "glorot_normal", "use_bias": False}
    shortcut = x
    if smaller:
        shortcut = layers.AveragePooling2D(2, strides=2, padding="same", name=f"{name}_shortcut_pool")(x)
        shortcut = layers.Conv2D(maps, 1, name=f"{name}_shortcut_conv2d", **options)(shortcut)
        shortcut = layers.BatchNormalization(name=f"{name}_shortcut_batch_norm")(shortcut)
    inputs = layers.BatchNormalization(name=f"{name}_batch_norm")(x)
    outputs = QuantConv2D(
        maps,
        3,
        strides=2 if smaller else 1,
        padding="same",
        input_quantizer="ste_sign",
        kernel_quantizer="ste_sign",
        kernel_constraint="weight_clip",
        name=f"{name}_conv2d",
        **options,
    )(inputs)
    x = layers.Multiply(name=f"{name}_scaling_multiplication")([outputs, _scales(inputs, maps, name)])
    x = layers.PReLU(shared_axes=[1, 2], name=f"{name}_prelu")(x)
    return layers.Add(name=f"{name}_skip_add")([x, shortcut])


def _scales(inputs, maps: int, name: str):
    """A factor in (0, 1) for each output channel, from the means of the input channels: ``[batch, 1, 1, maps]``."""
    options = {"kernel_initializer": "he_normal", "use_bias": False}
    x = mean_over_space(inputs, f"{name}_scaling_pool")
    x = layers.Dense(inputs.shape[-1] // 8, activation="relu", name=f"{name}_scaling_dense_reduce", **options)(x)
    x = layers.Dense(maps, activation="sigmoid", name=f"{name}_scaling_dense_expand", **options)(x)
    return layers.Reshape((1, 1, maps), name=f"{name}_scaling_reshape")(x)
