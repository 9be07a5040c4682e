"""A residual network for small images that fits a microcontroller: 1-bit weights, and shortcuts in whole numbers."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from larq_focal.nn import DoReFa, QuantConv2D, QuantDense, SteSign, keras
from larq_focal.zoo.networks.parts import normalised
from larq_focal.zoo.weights import with_weights

layers = keras.layers


def mcu_images(
    *,
    weights: str | Path | None = None,
    input_shape: tuple[int, int, int] = (32, 32, 3),
    num_classes: int = 10,
    include_top: bool = True,
    filters: Sequence[int] = (32, 64, 128),
    activation_bits: int = 4,
) -> keras.Model:
    """Builds the network; it returns logits ``[batch, num_classes]``, or feature maps without its top.

    A 5x5 convolution with a stride of 2, then for each number of ``filters`` a 3x3 convolution with a shortcut around
    it, with a 3x3 convolution with a stride of 2 between one and the next. Each convolution is normalised, and kept in
    ``activation_bits`` bits. A shortcut adds levels to levels, so the sums are whole numbers of one unit as well, and
    nothing but the logits takes floats. All weights are signs.

    Args:
        weights: None for random ones, the name of a data set, or the path of a weights file.
        input_shape: ``(height, width, channels)``, pixels in [-0.5, 0.5).
        num_classes: Number of logits.
        include_top: Whether the classifier is there.
        filters: Maps of each stage.
        activation_bits: Of each convolution's maps, 1 to 6.

    Raises:
        ValueError: ``weights`` is not known.

    Source:
        The task is the image classification of Banbury et al., "MLPerf Tiny Benchmark", 2021,
        https://arxiv.org/abs/2106.07597, with its three stages of shortcuts; the network is this project's own.
    """
    image = layers.Input(input_shape, name="image")
    x = _levels(image, filters[0], 5, 2, activation_bits, "stem")
    for stage, maps in enumerate(filters, 1):
        if stage > 1:
            x = _levels(x, maps, 3, 2, activation_bits, f"stage_{stage}_down")
        y = _levels(x, maps, 3, 1, activation_bits, f"stage_{stage}")
        x = layers.Add(name=f"stage_{stage}_add")([x, y])
    if include_top:
        x = layers.Flatten(name="features")(x)
        x = normalised(QuantDense(num_classes, use_bias=False, name="classifier", **_binary())(x), "logits")
    return with_weights(keras.Model(image, x, name="mcu_images"), weights)


def _levels(x, maps: int, size: int, strides: int, bits: int, name: str):
    """A normalised convolution of ``x``, in levels from 0 to 1."""
    x = QuantConv2D(
        maps, size, strides=strides, padding="same", pad_values=0.0, use_bias=False, name=f"{name}_conv", **_binary()
    )(x)
    return DoReFa(bits, mode="activations", name=f"{name}_levels")(normalised(x, f"{name}_norm"))


def _binary() -> dict:
    return {"kernel_quantizer": SteSign(), "kernel_constraint": "weight_clip"}
