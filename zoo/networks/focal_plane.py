"""Networks that were run on the focal-plane processor SCAMP-5."""

from __future__ import annotations

from pathlib import Path

from larq_focal.nn import QuantConv2D, Quantizer, SteHeaviside, SteSign, keras, ops, register
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


def pixelrnn(
    *,
    weights: str | Path | None = None,
    input_shape: tuple[int, int, int] = (64, 64, 16),
    num_classes: int = 9,
    include_top: bool = True,
) -> keras.Model:
    """PixelRNN: a binary convolution and a gated binary state on the sensor, a linear decoder off it.

    For each frame, 16 binary 5x5 kernels, ReLU, a 4x4 pool and a threshold give 16 binary maps of a sixteenth of the
    size, which lie side by side as one plane x of the frame's size. With the state h, +1 at first:

        f = sign(f_i * x + f_h * h),  h <- f h,  o = sign(o_i * x + o_h * h)

    with four 5x5 kernels; the o of the last frame goes to the decoder. It returns logits ``[batch, num_classes]``.

    Args:
        weights: None for random ones, the name of a data set, or the path of a weights file.
        input_shape: ``(height, width, frames)``, pixels in [-0.5, 0.5); sides are multiples of 4.
        num_classes: Number of logits.
        include_top: Whether the decoder is there.

    Raises:
        ValueError: ``weights`` is not known.

    Source:
        So, Bose, Dudek and Wetzstein, "PixelRNN: In-pixel Recurrent Neural Networks for End-to-end-optimized
        Perception with Neural Sensors", CVPR 2024, https://arxiv.org/abs/2304.05440;
        https://github.com/computational-imaging/PixelRNN, model_utils.
    """
    frames = layers.Input(input_shape, name="frames")
    conv = _SIGNS.conv(16, 5, padding="same", name="conv")
    relu, pool, threshold = (
        layers.ReLU(name="relu"),
        layers.MaxPool2D(4, name="pool"),
        ScalarThreshold(name="threshold"),
    )
    gate_input, gate_state, output_input, output_state = (
        _SIGNS.conv(1, 5, padding="same", name=name)
        for name in ("gate_input", "gate_state", "output_input", "output_state")
    )
    gate, state = SteSign(name="gate"), None
    for index in range(input_shape[2]):
        x = _side_by_side(threshold(pool(relu(conv(frames[..., index : index + 1])))))
        state = layers.Rescaling(0.0, offset=1.0, name="state")(x) if state is None else state
        output = output_input(x) + output_state(state)
        state = state * gate(gate_input(x) + gate_state(state))
    x = SteSign(name="output")(output)
    if include_top:
        x = layers.Dense(num_classes, name="decoder")(layers.Flatten(name="plane")(x))
    return with_weights(keras.Model(frames, x, name="pixelrnn"), weights)


@register()
class ScalarThreshold(keras.layers.Layer):
    """Subtracts one trained number."""

    def build(self, input_shape):
        self.threshold = self.add_weight(name="threshold", shape=(), initializer="ones")
        super().build(input_shape)

    def call(self, inputs):
        return inputs - self.threshold


def _side_by_side(x):
    """Sixteen maps as one plane, four in a row."""
    maps = ops.split(x, 16, axis=-1)
    return ops.concatenate([ops.concatenate(maps[row : row + 4], axis=2) for row in range(0, 16, 4)], axis=1)
