"""The networks of the BinarEye chip: every convolution binary, 2x2 and as wide as its inputs, from the pixels on."""

from __future__ import annotations

from pathlib import Path

from larq_focal.layers import Thermometer
from larq_focal.nn import keras
from larq_focal.zoo.networks.methods import Method, named_method
from larq_focal.zoo.networks.parts import channel_padded, normalised
from larq_focal.zoo.weights import with_weights

layers = keras.layers

WIDTHS = (64, 128, 256)
_DEPTHS = (4, 2, 2)


def binareye(
    method: str | Method = "sign",
    *,
    weights: str | Path | None = None,
    input_shape: tuple[int, int, int] = (32, 32, 3),
    num_classes: int = 10,
    include_top: bool = True,
    width: int = 256,
) -> keras.Model:
    """Builds the network; it returns logits ``[batch, num_classes]``, one map per class sum after normalisation.

    Each channel of the image is written as ``width // channels`` signs (a thermometer code); the signs that are left
    over up to ``width`` are +1. Then 2x2 convolutions without padding: four, a pool, two, a pool, two. One operation
    is half of a multiply-accumulate: the chip counts 2,013 million at width 256 and 126 million at width 64.

    Args:
        method: A key of ``METHODS`` with inputs of +1 and -1, or a method of your own.
        weights: None for random ones, the name of a data set, or the path of a weights file.
        input_shape: ``(height, width, channels)``, pixels in [-0.5, 0.5).
        num_classes: Number of logits.
        include_top: Whether the dense layer is there.
        width: Channels of every map; the chip takes 64, 128 or 256.

    Raises:
        ValueError: ``method`` or ``weights`` is not known, or ``width`` is none of the chip's.

    Source:
        Moons, Bankman, Yang, Murmann and Verhelst, "BinarEye: An Always-On Energy-Accuracy-Scalable Binary CNN
        Processor With All Memory On Chip in 28nm CMOS", CICC 2018, https://arxiv.org/abs/1804.05554;
        https://github.com/BertMoons/BinarEye, CIFAR10/cifar10.py.
    """
    if width not in WIDTHS:
        raise ValueError(f"BinarEye has the widths {', '.join(map(str, WIDTHS))}, not {width}.")
    method = named_method(method)
    image = layers.Input(input_shape, name="image")
    x = _coded(image, width)
    number = 0
    for stage, depth in enumerate(_DEPTHS):
        if stage:
            x = layers.MaxPool2D(2, name=f"pool_{stage}")(x)
        for _ in range(depth):
            number += 1
            x = normalised(method.conv(width, 2, name=f"conv_{number}")(x), f"norm_{number}")
    if include_top:
        x = method.dense(num_classes, name="classifier")(layers.Flatten(name="features")(x))
        x = normalised(x, "logits")
    return with_weights(keras.Model(image, x, name=f"binareye_{width}_{method.name}"), weights)


def _coded(image, width: int):
    count, left_over = divmod(width, image.shape[-1])
    coded = Thermometer(count, low=-0.5, high=0.5, name="thermometer")(image)
    return channel_padded(coded, 0, left_over, value=1.0)
