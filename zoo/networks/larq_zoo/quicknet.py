"""QuickNet, QuickNetSmall and QuickNetLarge."""

from __future__ import annotations

from functools import reduce
from pathlib import Path
from typing import Any

import numpy as np

from larq_focal.nn import QuantConv2D, keras, ops, register
from larq_focal.zoo.networks.larq_zoo.parts import clipped_signs, mean_over_space, probabilities
from larq_focal.zoo.weights import with_weights

layers = keras.layers


@register("blurpool_initializer")
class BlurPool(keras.initializers.Initializer):
    """A smoothing kernel for each channel, from the binomial coefficients: ``[size, size, channels, 1]``.

    Source:
        Zhang, "Making Convolutional Networks Shift-Invariant Again", ICML 2019, https://arxiv.org/abs/1904.11486.
    """

    def __call__(self, shape, dtype=None, **kwargs):
        row = reduce(np.convolve, [[1, 1]] * (shape[0] - 1), [1])
        window = np.outer(row, row) / np.sum(row) ** 2
        kernel = np.broadcast_to(window[:, :, None, None], shape).astype(np.float32)
        return ops.cast(ops.convert_to_tensor(kernel), dtype or "float32")


def quicknet(
    *,
    weights: str | Path | None = None,
    input_shape: tuple[int | None, int | None, int] = (224, 224, 3),
    num_classes: int = 1000,
    include_top: bool = True,
    input_quantizer: Any = None,
    name: str = "quicknet",
) -> keras.Model:
    """QuickNet: four stages of four binary convolutions, each with a shortcut; it returns probabilities.

    Args:
        weights: None for random ones, or the path of a weights file; those that larq-zoo writes end in ".h5".
        input_shape: ``(height, width, channels)``, pixels in [-1, 1].
        num_classes: Number of classes.
        include_top: Whether the mean over space and the classifier are there.
        input_quantizer: Of the binary convolutions; None for the sign.
        name: Of the model.

    Raises:
        ValueError: ``weights`` is not known or does not fit.

    Source:
        Bannink et al., "Larq Compute Engine: Design, Benchmark, and Deploy State-of-the-Art Binarized Neural Networks",
        MLSys 2021, https://arxiv.org/abs/2011.09398; https://github.com/larq/zoo, larq_zoo/sota/quicknet.py.
    """
    stages = ((4, 64), (4, 128), (4, 256), (4, 512))
    return _network(name, stages, weights, input_shape, num_classes, include_top, input_quantizer)


def quicknet_small(
    *,
    weights: str | Path | None = None,
    input_shape: tuple[int | None, int | None, int] = (224, 224, 3),
    num_classes: int = 1000,
    include_top: bool = True,
    input_quantizer: Any = None,
    name: str = "quicknet_small",
) -> keras.Model:
    """QuickNet with fewer maps in its first two stages; arguments as :func:`quicknet`."""
    stages = ((4, 32), (4, 64), (4, 256), (4, 512))
    return _network(name, stages, weights, input_shape, num_classes, include_top, input_quantizer)


def quicknet_large(
    *,
    weights: str | Path | None = None,
    input_shape: tuple[int | None, int | None, int] = (224, 224, 3),
    num_classes: int = 1000,
    include_top: bool = True,
    input_quantizer: Any = None,
    name: str = "quicknet_large",
) -> keras.Model:
    """QuickNet with more convolutions in each stage; arguments as :func:`quicknet`."""
    stages = ((6, 64), (8, 128), (12, 256), (6, 512))
    return _network(name, stages, weights, input_shape, num_classes, include_top, input_quantizer)


def _network(name: str, stages, weights, input_shape, num_classes: int, include_top: bool, input_quantizer):
    image = layers.Input(input_shape)
    x = _stem(image, stages[0][1])
    for blocks, filters in stages:
        for _ in range(blocks):
            if x.shape[-1] != filters:
                x = _transition(x, filters)
            x = _residual(x, input_quantizer)
    if include_top:
        x = mean_over_space(layers.Activation("relu")(x))
        x = probabilities(layers.Dense(num_classes, kernel_initializer="glorot_normal")(x))
    return with_weights(keras.Model(image, x, name=name), weights)


def _stem(image, filters: int):
    conv = {"kernel_initializer": "he_normal", "use_bias": False}
    x = layers.Conv2D(filters // 4, 3, strides=2, padding="same", **conv)(image)
    x = layers.Activation("relu")(layers.BatchNormalization()(x))
    x = layers.DepthwiseConv2D(3, strides=2, padding="same", use_bias=False)(x)
    x = layers.BatchNormalization(scale=False, center=False)(x)
    return layers.BatchNormalization()(layers.Conv2D(filters, 1, **conv)(x))


def _transition(x, filters: int):
    """To half the size and other maps: the largest of neighbours, smoothed, then mixed."""
    x = layers.MaxPool2D(2, strides=1)(layers.Activation("relu")(x))
    blur = {"depthwise_initializer": BlurPool(), "trainable": False, "use_bias": False}
    x = layers.DepthwiseConv2D(3, strides=2, padding="same", **blur)(x)
    x = layers.Conv2D(filters, 1, kernel_initializer="glorot_normal", use_bias=False)(x)
    return layers.BatchNormalization(momentum=0.9, epsilon=1e-5)(x)


def _residual(x, input_quantizer):
    options = clipped_signs(1.25)
    if input_quantizer is not None:
        options["input_quantizer"] = input_quantizer
    y = QuantConv2D(
        x.shape[-1],
        3,
        padding="same",
        pad_values=1.0,
        activation="relu",
        kernel_initializer="glorot_normal",
        use_bias=False,
        **options,
    )(x)
    return layers.Add()([layers.BatchNormalization(momentum=0.9, epsilon=1e-5)(y), x])
