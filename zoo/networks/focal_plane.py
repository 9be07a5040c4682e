"""Networks that were run on the focal-plane processor SCAMP-5."""

from __future__ import annotations

from pathlib import Path

from larq_focal.nn import QuantConv2D, Quantizer, SteHeaviside, keras, ops, register
from larq_focal.zoo.networks.methods import METHODS
from larq_focal.zoo.networks.parts import normalised
from larq_focal.zoo.weights import with_weights

layers = keras.layers

_SIGNS = METHODS["sign"]
_WINDOW = 9
_CORNERS = tuple(
    (row, column) for column, rows in ((0, (5, 14)), (5, (0, 5, 14, 19)), (14, (0, 5, 14, 19)), (19, (5, 14)))
    for row in rows
)  # fmt: skip
"""Rows and columns where AnalogNet2's twelve windows begin."""


def liu2022(
    *,
    weights: str | Path | None = None,
    input_shape: tuple[int, int, int] = (64, 64, 1),
    num_classes: int = 1,
    include_top: bool = True,
) -> keras.Model:
    """A fully convolutional binary network that marks a region; it returns one logit per 2x2 pixels and class.

    16 kernels 4x4, then 128 kernels 4x4 in 8 groups whose sums are taken in pairs (64 maps of two kernels each), a
    2x2 pool, and a 1x1 convolution. Everything is binary, also the image.

    Args:
        weights: None for random ones, the name of a data set, or the path of a weights file.
        input_shape: ``(height, width, 1)``, pixels in [-0.5, 0.5).
        num_classes: Maps that come out.
        include_top: Whether the 1x1 convolution is there.

    Raises:
        ValueError: ``weights`` is not known.

    Source:
        Liu and Lu, "On-Sensor Binarized Fully Convolutional Neural Network for Localisation and Coarse Segmentation",
        CVPR Workshops 2022.
    """
    image = layers.Input(input_shape, name="image")
    x = normalised(_SIGNS.conv(16, 4, padding="same", name="conv_1")(image), "norm_1")
    x = _SIGNS.conv(64, 4, padding="same", groups=8, name="conv_2")(x)
    x = normalised(layers.MaxPool2D(2, name="pool")(x), "norm_2")
    if include_top:
        x = normalised(_SIGNS.conv(num_classes, 1, name="conv_3")(x), "logits")
    return with_weights(keras.Model(image, x, name="liu2022"), weights)


@register()
class Quarters(Quantizer):
    """Weights as multiples of 1/4, which an analog array makes by halving; the gradient passes unchanged."""

    precision = 4

    def call(self, inputs):
        return inputs + ops.stop_gradient(ops.round(4 * inputs) / 4 - inputs)


def analognet2(
    *,
    weights: str | Path | None = None,
    input_shape: tuple[int, int, int] = (28, 28, 1),
    num_classes: int = 10,
    include_top: bool = True,
) -> keras.Model:
    """AnalogNet2: three analog 3x3 kernels, thresholds, sums over twelve windows, two dense layers off the sensor.

    The kernels are multiples of 1/4 and the maps 0 and 1; the dense layers run in floating point on the controller.
    It returns logits ``[batch, num_classes]``. The sums are taken as means, so that they start in the range of 0 to 1.

    Args:
        weights: None for random ones, the name of a data set, or the path of a weights file.
        input_shape: ``(28, 28, 1)``, or larger: the windows lie at the upper left.
        num_classes: Number of logits.
        include_top: Whether the dense layers are there.

    Raises:
        ValueError: ``weights`` is not known, or the image is too small for the windows.

    Source:
        Wong, Guillard, Murai, Saeedi and Kelly, "AnalogNet: Convolutional Neural Network Inference on Analog Focal
        Plane Sensor Processors", 2020, https://arxiv.org/abs/2006.01765; https://github.com/bguillard/CNNs-on-FPSPs.
    """
    if min(input_shape[:2]) < 28:
        raise ValueError(f"The windows of AnalogNet2 need images of 28x28, but got {input_shape}.")
    image = layers.Input(input_shape, name="image")
    x = QuantConv2D(3, 3, padding="same", kernel_quantizer=Quarters(), name="conv")(image)
    x = SteHeaviside(name="threshold")(x)
    x = [x[:, row : row + _WINDOW, column : column + _WINDOW] for row, column in _CORNERS]
    x = layers.Concatenate(name="windows")([layers.GlobalAveragePooling2D()(window) for window in x])
    if include_top:
        x = layers.Dense(50, activation="relu", name="dense_1")(x)
        x = layers.Dense(num_classes, name="dense_2")(x)
    return with_weights(keras.Model(image, x, name="analognet2"), weights)
