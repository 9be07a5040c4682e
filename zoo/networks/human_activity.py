"""A small one-dimensional binary network for signals of inertial sensors."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from larq_focal.nn import keras
from larq_focal.zoo.networks.methods import Method, named_method
from larq_focal.zoo.networks.parts import float_conv, normalised
from larq_focal.zoo.weights import with_weights

layers = keras.layers


def human_activity(
    method: str | Method | None = "sign",
    *,
    weights: str | Path | None = None,
    input_shape: tuple[int, int] = (128, 9),
    num_classes: int = 6,
    include_top: bool = True,
    filters: Sequence[int] = (24, 24),
    kernel_size: int = 7,
) -> keras.Model:
    """Builds the network; it returns logits ``[batch, num_classes]``.

    For each of ``filters`` a convolution along time, a pool by 4 and a normalisation; the first one takes the
    real-valued signal. It is written with convolutions of height 1, which convert, whereas those of one dimension do
    not. The sizes need not be multiples of 32: the networks of the source are too small for that.

    Args:
        method: A key of ``METHODS``, a method of your own, or None for full precision.
        weights: None for random ones, the name of a data set, or the path of a weights file.
        input_shape: ``(steps, channels)``; the default is a window of the UCI data set.
        num_classes: Number of logits.
        include_top: Whether the dense layer is there.
        filters: Channels of each convolution.
        kernel_size: Steps that a convolution spans.

    Raises:
        ValueError: ``method`` or ``weights`` is not known.

    Source:
        The task and the constraint are those of Daghero et al., "Ultra-compact Binary Neural Networks for Human
        Activity Recognition on RISC-V Processors", CF 2021, https://arxiv.org/abs/2205.12781; the shape is this
        project's own.
    """
    method = None if method is None else named_method(method)
    signal = layers.Input(input_shape, name="signal")
    x = layers.Reshape((1, *input_shape), name="row")(signal)
    size = (1, kernel_size)
    for index, maps in enumerate(filters, 1):
        name = f"conv_{index}"
        if method is None:
            x = float_conv(x, maps, size, name)
        else:
            layer = method.image_conv if index == 1 else method.conv
            x = layer(maps, size, padding="same", name=name)(x)
        x = normalised(layers.MaxPool2D((1, 4), name=f"pool_{index}")(x), f"norm_{index}")
        x = layers.ReLU(name=f"relu_{index}")(x) if method is None else x
    if include_top:
        x = layers.Flatten(name="features")(x)
        dense = layers.Dense if method is None else method.dense
        x = dense(num_classes, name="classifier")(x)
        x = x if method is None else normalised(x, "logits")
    return with_weights(
        keras.Model(signal, x, name=f"human_activity_{method.name if method else 'full_precision'}"), weights
    )
