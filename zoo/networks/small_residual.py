"""A small residual network of ReActNet's blocks for images of 32x32: nine binary convolutions, each with a shortcut."""

from __future__ import annotations

import itertools
from dataclasses import replace
from pathlib import Path

from larq_focal.layers import RPReLU
from larq_focal.nn import SteSign, keras
from larq_focal.zoo.method_titles import SMALL_RESIDUAL_NAMES
from larq_focal.zoo.networks.methods import METHODS, Method, named_method
from larq_focal.zoo.networks.parts import classified, float_conv, normalised
from larq_focal.zoo.weights import with_weights

layers = keras.layers

SMALL_RESIDUAL_METHODS = {
    "react": replace(METHODS["react"], kernel_quantizer=SteSign),
    **{name: METHODS[name] for name in SMALL_RESIDUAL_NAMES if name != "react"},
}
"""Of ``METHODS``, those that are compared on this network."""


def small_residual(
    method: str | Method = "react",
    *,
    weights: str | Path | None = None,
    input_shape: tuple[int, int, int] = (32, 32, 3),
    num_classes: int = 10,
    include_top: bool = True,
    filters: tuple[int, ...] = (64, 128, 256),
    blocks: int = 3,
) -> keras.Model:
    """Builds the network; it returns logits ``[batch, num_classes]``, or feature maps without its top.

    A real-valued 4x4 convolution of stride 2, then for each number of ``filters`` so many ``blocks``: binarizer,
    binary 3x3 convolution, batch normalisation, shortcut, RPReLU. The first block of each later stage halves the map
    and doubles the channels; its shortcut is the average pool, twice. The classifier is real-valued.

    Args:
        method: A key of ``SMALL_RESIDUAL_METHODS``, or a method of your own.
        weights: None for random ones, the name of a data set, or the path of a weights file.
        input_shape: ``(height, width, channels)``, pixels in [-0.5, 0.5).
        num_classes: Number of logits.
        include_top: Whether the pool over the map and the classifier are there.
        filters: Feature maps of each stage, doubling from stage to stage.
        blocks: Binary convolutions of each stage.

    Raises:
        ValueError: ``method`` or ``weights`` is not known, or ``filters`` do not double.

    Source:
        The block is that of Liu, Shen, Savvides and Cheng, "ReActNet", ECCV 2020, https://arxiv.org/abs/2003.03488;
        the shape is this project's own.
    """
    method = named_method(method, SMALL_RESIDUAL_METHODS)
    if any(after != 2 * before for before, after in itertools.pairwise(filters)):
        raise ValueError(f"Each stage must have twice the filters of the one before, but they are {filters}.")
    image = layers.Input(input_shape, name="image")
    x = normalised(float_conv(image, filters[0], 4, "stem", strides=2), "stem_norm")
    for stage, maps in enumerate(filters, 1):
        for block in range(1, blocks + 1):
            x = _block(x, maps, method, f"stage_{stage}_{block}")
    if include_top:
        x = classified(x, num_classes)
    return with_weights(keras.Model(image, x, name=f"small_residual_{method.name}"), weights)


def _block(x, maps: int, method: Method, name: str):
    shortcut, strides = x, 1
    if x.shape[-1] != maps:
        strides = 2
        shortcut = layers.AveragePooling2D(2, padding="same", name=f"{name}_shrink")(x)
        shortcut = layers.Concatenate(name=f"{name}_widen")([shortcut, shortcut])
    x = normalised(method.conv(maps, 3, strides=strides, padding="same", name=f"{name}_conv")(x), f"{name}_norm")
    return RPReLU(name=f"{name}_activation")(layers.Add(name=f"{name}_add")([x, shortcut]))
