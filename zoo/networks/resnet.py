"""Residual networks of basic blocks: ResNet-8, -18 and -20 for images of 32x32, and ResNet-18 for larger ones."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from larq_focal.nn import keras
from larq_focal.zoo.networks.methods import Method, named_method
from larq_focal.zoo.networks.parts import channel_padded, classified, float_conv, normalised
from larq_focal.zoo.weights import with_weights

layers = keras.layers


@dataclass(frozen=True)
class _Shape:
    """What makes one residual network of basic blocks differ from another.

    Attributes:
        filters: Feature maps of each stage.
        blocks: Basic blocks, of two convolutions each, in each stage.
        large_images: Whether the stem is a 7x7 convolution of stride 2 and a pool, or a 3x3 convolution.
        widening: How a shortcut becomes smaller and wider: by every second pixel and maps of zeros ("zeros"), by a
            1x1 convolution of stride 2 ("conv"), or by a 2x2 mean and a 1x1 convolution ("mean").
        normalised_shortcut: Whether that convolution is normalised.
        use_bias: Whether real-valued convolutions have a bias.
    """

    filters: tuple[int, ...]
    blocks: int
    large_images: bool = False
    widening: Literal["zeros", "conv", "mean"] = "conv"
    normalised_shortcut: bool = True
    use_bias: bool = False


_RESNET8 = _Shape((16, 32, 64), 1, normalised_shortcut=False, use_bias=True)
_RESNET20 = _Shape((16, 32, 64), 3, widening="zeros")
_RESNET18 = _Shape((64, 128, 256, 512), 2)
_RESNET18_LARGE = _Shape((64, 128, 256, 512), 2, large_images=True, widening="mean")


def resnet8(
    method: str | Method | None = None,
    *,
    weights: str | Path | None = None,
    input_shape: tuple[int, int, int] = (32, 32, 3),
    num_classes: int = 10,
    include_top: bool = True,
) -> keras.Model:
    """The image classification network of MLPerf Tiny; it returns logits ``[batch, num_classes]``.

    In full precision it has the reference's 78,666 parameters; ``larq_focal.deploy.convert_int8`` makes its int8 file.
    Binary, the six convolutions of the blocks are binary; the stem, the shortcuts and the classifier are real-valued.

    Args:
        method: A key of ``METHODS``, a method of your own, or None for full precision.
        weights: None for random ones, the name of a data set, or the path of a weights file.
        input_shape: ``(height, width, channels)``, pixels in [-0.5, 0.5).
        num_classes: Number of logits.
        include_top: Whether the mean over space and the classifier are there.

    Raises:
        ValueError: ``method`` or ``weights`` is not known.

    Source:
        Banbury et al., "MLPerf Tiny Benchmark", 2021, https://arxiv.org/abs/2106.07597;
        https://github.com/mlcommons/tiny, benchmark/training/image_classification.
    """
    return _network("resnet8", _RESNET8, method, weights, input_shape, num_classes, include_top)


def resnet20(
    method: str | Method | None = "bireal",
    *,
    weights: str | Path | None = None,
    input_shape: tuple[int, int, int] = (32, 32, 3),
    num_classes: int = 10,
    include_top: bool = True,
) -> keras.Model:
    """ResNet-20 for CIFAR; it returns logits ``[batch, num_classes]``.

    The first convolution and the classifier are real-valued. A method says whether every binary convolution has a
    shortcut, as in Bi-Real Net, or every block. With "irnet" it lacks two parts of IR-Net's network: the hardtanh after
    the stem, and the normalisation before the classifier, with which it would have 269,850 parameters for 269,722.

    Args:
        method: A key of ``METHODS``, a method of your own, or None for full precision.
        weights: None for random ones, the name of a data set, or the path of a weights file.
        input_shape: ``(height, width, channels)``, pixels in [-0.5, 0.5).
        num_classes: Number of logits.
        include_top: Whether the mean over space and the classifier are there.

    Raises:
        ValueError: ``method`` or ``weights`` is not known.

    Source:
        He, Zhang, Ren and Sun, "Deep Residual Learning for Image Recognition", CVPR 2016,
        https://arxiv.org/abs/1512.03385; binary as in https://github.com/htqin/IR-Net, CIFAR-10/ResNet20.
    """
    return _network("resnet20", _RESNET20, method, weights, input_shape, num_classes, include_top)


def resnet18(
    method: str | Method | None = "bireal",
    *,
    weights: str | Path | None = None,
    input_shape: tuple[int, int, int] = (32, 32, 3),
    num_classes: int = 10,
    include_top: bool = True,
) -> keras.Model:
    """ResNet-18 for CIFAR, and for images of 64 pixels and more with the stem of ImageNet; it returns logits.

    The first convolution, the 1x1 convolutions of the shortcuts and the classifier are real-valued. With images of
    224x224 and ``num_classes=1000`` the methods "bireal" and "react" are Bi-Real Net-18 and ReActNet's variant of it.

    Args:
        method: A key of ``METHODS``, a method of your own, or None for full precision.
        weights: None for random ones, the name of a data set, or the path of a weights file.
        input_shape: ``(height, width, channels)``, pixels in [-0.5, 0.5).
        num_classes: Number of logits.
        include_top: Whether the mean over space and the classifier are there.

    Raises:
        ValueError: ``method`` or ``weights`` is not known.

    Source:
        He, Zhang, Ren and Sun, "Deep Residual Learning for Image Recognition", CVPR 2016,
        https://arxiv.org/abs/1512.03385; for CIFAR as in https://github.com/htqin/IR-Net, CIFAR-10/ResNet18; for
        larger images Liu et al., "Bi-Real Net", ECCV 2018, https://arxiv.org/abs/1808.00278, and
        https://github.com/liuzechun/ReActNet.
    """
    shape = _RESNET18_LARGE if min(input_shape[:2]) >= 64 else _RESNET18
    return _network("resnet18", shape, method, weights, input_shape, num_classes, include_top)


def _network(name, shape: _Shape, method, weights, input_shape, num_classes: int, include_top: bool) -> keras.Model:
    method = None if method is None else named_method(method)
    image = layers.Input(input_shape, name="image")
    x = _stem(image, shape, method)
    for stage, maps in enumerate(shape.filters, 1):
        for block in range(1, shape.blocks + 1):
            strides = 2 if stage > 1 and block == 1 else 1
            convolutions = _float_block if method is None else _binary_block
            x = convolutions(x, maps, strides, shape, method, f"block_{stage}_{block}")
    if include_top:
        x = classified(x, num_classes)
    return with_weights(keras.Model(image, x, name=f"{name}_{method.name if method else 'full_precision'}"), weights)


def _stem(image, shape: _Shape, method: Method | None):
    size = {"kernel_size": 7, "strides": 2} if shape.large_images else {"kernel_size": 3}
    x = float_conv(image, shape.filters[0], name="stem", use_bias=shape.use_bias, **size)
    x = normalised(x, "stem_norm")
    if method is None:
        x = layers.ReLU(name="stem_relu")(x)
    return layers.MaxPool2D(3, strides=2, padding="same", name="stem_pool")(x) if shape.large_images else x


def _float_block(x, maps: int, strides: int, shape: _Shape, method: None, name: str):
    y = float_conv(x, maps, 3, f"{name}_conv_1", strides=strides, use_bias=shape.use_bias)
    y = layers.ReLU(name=f"{name}_relu_1")(normalised(y, f"{name}_norm_1"))
    y = normalised(float_conv(y, maps, 3, f"{name}_conv_2", use_bias=shape.use_bias), f"{name}_norm_2")
    y = layers.Add(name=f"{name}_add")([y, _shortcut(x, maps, strides, shape, name)])
    return layers.ReLU(name=f"{name}_relu_2")(y)


def _binary_block(x, maps: int, strides: int, shape: _Shape, method: Method, name: str):
    """Two binary convolutions, with a shortcut around each or around both."""
    start, start_strides = x, strides
    for half in (1, 2):
        before = x
        x = method.conv(maps, 3, strides=strides, padding="same", name=f"{name}_conv_{half}")(x)
        x = normalised(x, f"{name}_norm_{half}")
        if method.shortcuts:
            x = layers.Add(name=f"{name}_add_{half}")([x, _shortcut(before, maps, strides, shape, name)])
        elif half == 2:
            x = layers.Add(name=f"{name}_add")([x, _shortcut(start, maps, start_strides, shape, name)])
        if method.activation:
            x = method.activation(name=f"{name}_activation_{half}")(x)
        strides = 1
    return x


def _shortcut(x, maps: int, strides: int, shape: _Shape, name: str):
    """``x`` itself, or the same made smaller and wider."""
    if x.shape[-1] == maps:
        return x
    if shape.widening == "zeros":
        x = layers.MaxPool2D(1, strides=strides, name=f"{name}_thin")(x)  # every second pixel of every second row
        return channel_padded(x, maps // 4, maps - x.shape[-1] - maps // 4)
    if shape.widening == "mean":
        x, strides = layers.AveragePooling2D(strides, padding="same", name=f"{name}_mean")(x), 1
    x = float_conv(x, maps, 1, f"{name}_shortcut", strides=strides, use_bias=shape.use_bias)
    return normalised(x, f"{name}_shortcut_norm") if shape.normalised_shortcut else x
