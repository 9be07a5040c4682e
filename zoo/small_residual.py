"""A small residual network of ReActNet's blocks for images of 32x32: nine binary convolutions, each with a shortcut."""

from __future__ import annotations

import itertools

from larq_focal.keras import keras, larq
from larq_focal.layers import RPReLU
from larq_focal.quantizers import HysteresisSign, LearnableActivationBinarizer, RSign
from larq_focal.zoo.two_layer import Method

layers = keras.layers

SMALL_RESIDUAL_METHODS: dict[str, Method] = {
    method.name: method
    for method in (
        Method("react", "RSign", RSign, larq.quantizers.SteSign),
        Method("sign", "Sign", larq.quantizers.ApproxSign, larq.quantizers.SteSign),
        Method("hysteresis", "Hysteresis sign", larq.quantizers.ApproxSign, HysteresisSign),
        Method("lab", "Learnable activation binarizer", LearnableActivationBinarizer, larq.quantizers.SteSign),
    )
}


def small_residual(
    method: str = "react",
    *,
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
        method: A key of ``SMALL_RESIDUAL_METHODS``: what binarizes activations and kernels.
        input_shape: ``(height, width, channels)``, pixels in [-0.5, 0.5).
        num_classes: Number of logits.
        include_top: Whether the pool over the map and the classifier are there.
        filters: Feature maps of each stage, doubling from stage to stage.
        blocks: Binary convolutions of each stage.

    Raises:
        ValueError: ``method`` is not known, or ``filters`` do not double.

    Source:
        The block is that of Liu, Shen, Savvides and Cheng, "ReActNet", ECCV 2020, https://arxiv.org/abs/2003.03488;
        the shape is this project's own.
    """
    if method not in SMALL_RESIDUAL_METHODS:
        raise ValueError(f"No method '{method}': choose one of {', '.join(SMALL_RESIDUAL_METHODS)}.")
    if any(after != 2 * before for before, after in itertools.pairwise(filters)):
        raise ValueError(f"Each stage must have twice the filters of the one before, but they are {filters}.")
    image = layers.Input(input_shape, name="image")
    x = layers.Conv2D(filters[0], 4, strides=2, padding="same", use_bias=False, name="stem")(image)
    x = layers.BatchNormalization(momentum=0.9, name="stem_norm")(x)
    for stage, maps in enumerate(filters, 1):
        for block in range(1, blocks + 1):
            x = _block(x, maps, SMALL_RESIDUAL_METHODS[method], f"stage_{stage}_{block}")
    if include_top:
        x = layers.GlobalAveragePooling2D(name="pool")(x)
        x = layers.Dense(num_classes, name="classifier")(x)
    return keras.Model(image, x, name=f"small_residual_{method}")


def _block(x, maps: int, method: Method, name: str):
    shortcut, strides = x, 1
    if x.shape[-1] != maps:
        strides = 2
        shortcut = layers.AveragePooling2D(2, padding="same", name=f"{name}_shrink")(x)
        shortcut = layers.Concatenate(name=f"{name}_widen")([shortcut, shortcut])
    x = larq.layers.QuantConv2D(
        maps,
        3,
        strides=strides,
        padding="same",
        pad_values=1.0,
        use_bias=False,
        input_quantizer=method.input_quantizer(),
        kernel_quantizer=method.kernel_quantizer(),
        kernel_constraint="weight_clip",
        name=f"{name}_conv",
    )(x)
    x = layers.BatchNormalization(momentum=0.9, name=f"{name}_norm")(x)
    return RPReLU(name=f"{name}_activation")(layers.Add(name=f"{name}_add")([x, shortcut]))
