"""Parts that larq-zoo's networks share."""

from __future__ import annotations

from typing import Any

from larq_focal.nn import SteSign, WeightClip, keras

layers = keras.layers


def clipped_signs(clip_value: float) -> dict[str, Any]:
    """Arguments of a convolution with binary inputs and kernel, whose gradients and weights end at ``clip_value``."""
    return {
        "input_quantizer": SteSign(clip_value=clip_value),
        "kernel_quantizer": SteSign(clip_value=clip_value),
        "kernel_constraint": WeightClip(clip_value),
    }


def mean_over_space(x, name: str | None = None):
    """The mean of each map, ``[batch, channels]``."""
    if None in x.shape[1:3]:
        return layers.GlobalAveragePooling2D(name=name)(x)
    x = layers.AveragePooling2D(x.shape[1:3], name=name and f"{name}_pool")(x)
    return layers.Flatten(name=name and f"{name}_flatten")(x)


def probabilities(logits, name: str | None = None):
    """Of each class, in float32."""
    return layers.Activation("softmax", dtype="float32", name=name)(logits)


def stem_of_residual_networks(image, momentum: float, epsilon: float, last_norm: bool):
    """Down to a quarter of the size by a 7x7 convolution and a pool; images below 50 pixels keep their size.

    ``last_norm`` says whether the pool is normalised.
    """
    options = {"padding": "same", "kernel_initializer": "he_normal", "use_bias": False}
    if image.shape[1] and image.shape[1] < 50:
        return layers.Conv2D(64, 3, **options)(image)
    x = layers.Conv2D(64, 7, strides=2, **options)(image)
    x = layers.BatchNormalization(momentum=momentum, epsilon=epsilon)(x)
    x = layers.Activation("relu")(x)
    x = layers.MaxPool2D(3, strides=2, padding="same")(x)
    return layers.BatchNormalization(momentum=momentum, epsilon=epsilon)(x) if last_norm else x
