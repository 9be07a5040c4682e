"""Plain stacks of 3x3 convolutions for images of 32x32: BinaryNet's network, VGG-small, and AlexNet for CIFAR."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from larq_focal.nn import keras
from larq_focal.zoo.networks.methods import Method, named_method
from larq_focal.zoo.networks.parts import float_conv, normalised
from larq_focal.zoo.weights import with_weights

layers = keras.layers


def binarynet(
    method: str | Method | None = "sign",
    *,
    weights: str | Path | None = None,
    input_shape: tuple[int, int, int] = (32, 32, 3),
    num_classes: int = 10,
    include_top: bool = True,
    filters: Sequence[int] = (128, 256, 512),
    units: Sequence[int] = (1024, 1024),
) -> keras.Model:
    """BinaryNet's network for CIFAR-10: 2x128, 2x256 and 2x512 convolutions with pools, and three dense layers.

    All layers are binary; the first convolution takes the real-valued image. It returns logits.

    Args:
        method: A key of ``METHODS``, a method of your own, or None for full precision.
        weights: None for random ones, the name of a data set, or the path of a weights file.
        input_shape: ``(height, width, channels)``, pixels in [-0.5, 0.5).
        num_classes: Number of logits.
        include_top: Whether the dense layers are there.
        filters: Feature maps of each pair of convolutions.
        units: Outputs of the dense layers before the last.

    Raises:
        ValueError: ``method`` or ``weights`` is not known.

    Source:
        Courbariaux, Hubara, Soudry, El-Yaniv and Bengio, "Binarized Neural Networks", 2016,
        https://arxiv.org/abs/1602.02830; https://github.com/MatthieuCourbariaux/BinaryNet.
    """
    stack = _Stack(method, input_shape)
    x = stack.features(filters, binary_first=True)
    if include_top:
        x = layers.Flatten(name="features")(x)
        for index, width in enumerate(units, 1):
            x = stack.activated(stack.dense(x, width, f"dense_{index}"), f"dense_{index}")
        x = normalised(stack.dense(x, num_classes, "classifier"), "logits")
    return stack.model("binarynet", x, weights)


def vgg_small(
    method: str | Method | None = "xnor",
    *,
    weights: str | Path | None = None,
    input_shape: tuple[int, int, int] = (32, 32, 3),
    num_classes: int = 10,
    include_top: bool = True,
    filters: Sequence[int] = (128, 256, 512),
) -> keras.Model:
    """VGG-small: the convolutions of :func:`binarynet` and one dense layer; the first and last layer are real-valued.

    Args:
        method: A key of ``METHODS``, a method of your own, or None for full precision.
        weights: None for random ones, the name of a data set, or the path of a weights file.
        input_shape: ``(height, width, channels)``, pixels in [-0.5, 0.5).
        num_classes: Number of logits.
        include_top: Whether the dense layer is there.
        filters: Feature maps of each pair of convolutions.

    Raises:
        ValueError: ``method`` or ``weights`` is not known.

    Source:
        https://github.com/htqin/IR-Net, CIFAR-10/VGG-Small; Cai, He, Sun and Vasconcelos, "Deep Learning with Low
        Precision by Half-wave Gaussian Quantization", CVPR 2017, https://arxiv.org/abs/1702.00953.
    """
    stack = _Stack(method, input_shape)
    x = stack.features(filters, binary_first=False)
    if include_top:
        x = layers.Dense(num_classes, name="classifier")(layers.Flatten(name="features")(x))
    return stack.model("vgg_small", x, weights)


def alexnet_cifar(
    method: str | Method | None = None,
    *,
    weights: str | Path | None = None,
    input_shape: tuple[int, int, int] = (32, 32, 3),
    num_classes: int = 10,
    include_top: bool = True,
    filters: Sequence[int] = (64, 192, 384, 256, 256),
    units: Sequence[int] = (4096, 4096),
) -> keras.Model:
    """AlexNet with a stem for images of 32x32: five 3x3 convolutions, three pools, three dense layers.

    Binary, the first convolution and the last dense layer are real-valued.

    Args:
        method: A key of ``METHODS``, a method of your own, or None for full precision.
        weights: None for random ones, the name of a data set, or the path of a weights file.
        input_shape: ``(height, width, channels)``, pixels in [-0.5, 0.5).
        num_classes: Number of logits.
        include_top: Whether the dense layers are there.
        filters: Feature maps of the five convolutions; what a channel pruning shrinks.
        units: Outputs of the dense layers before the last.

    Raises:
        ValueError: ``method`` or ``weights`` is not known.

    Source:
        Krizhevsky, Sutskever and Hinton, "ImageNet Classification with Deep Convolutional Neural Networks", 2012, with
        the sizes that torchvision's AlexNet has after its stem, https://arxiv.org/abs/1404.5997.
    """
    stack = _Stack(method, input_shape)
    x = float_conv(stack.image, filters[0], 3, "conv_1", strides=2)
    x = stack.activated(layers.MaxPool2D(2, name="pool_1")(x), "conv_1")
    for index, maps in enumerate(filters[1:], 2):
        x = stack.conv(x, maps, f"conv_{index}")
        if index in (2, 5):
            x = layers.MaxPool2D(2, name=f"pool_{index}")(x)
        x = stack.activated(x, f"conv_{index}")
    if include_top:
        x = layers.Flatten(name="features")(x)
        for index, width in enumerate(units, 1):
            x = stack.activated(stack.dense(x, width, f"dense_{index}"), f"dense_{index}")
        x = layers.Dense(num_classes, name="classifier")(x)
    return stack.model("alexnet_cifar", x, weights)


class _Stack:
    """The layers of a plain network, in full precision or by a method."""

    def __init__(self, method: str | Method | None, input_shape: tuple[int, int, int]):
        self.method = None if method is None else named_method(method)
        self.image = layers.Input(input_shape, name="image")

    def first_conv(self, filters: int, name: str, binary: bool):
        """A convolution of the real-valued image, with a binary kernel or a real-valued one."""
        if self.method is None or not binary:
            return float_conv(self.image, filters, 3, name)
        return self.method.image_conv(filters, 3, padding="same", name=name)(self.image)

    def conv(self, x, filters: int, name: str):
        if self.method is None:
            return float_conv(x, filters, 3, name)
        return self.method.conv(filters, 3, padding="same", name=name)(x)

    def dense(self, x, units: int, name: str):
        if self.method is None:
            return layers.Dense(units, use_bias=False, name=name)(x)
        return self.method.dense(units, name=name)(x)

    def activated(self, x, name: str):
        x = normalised(x, f"{name}_norm")
        return layers.ReLU(name=f"{name}_relu")(x) if self.method is None else x

    def features(self, filters: Sequence[int], binary_first: bool):
        """Pairs of convolutions with a pool after each; ``binary_first`` is about the kernel of the first one."""
        x = self.activated(self.first_conv(filters[0], "conv_1_1", binary_first), "conv_1_1")
        for stage, maps in enumerate(filters, 1):
            if stage > 1:
                x = self.activated(self.conv(x, maps, f"conv_{stage}_1"), f"conv_{stage}_1")
            x = layers.MaxPool2D(2, name=f"pool_{stage}")(self.conv(x, maps, f"conv_{stage}_2"))
            x = self.activated(x, f"conv_{stage}_2")
        return x

    def model(self, name: str, x, weights: str | Path | None) -> keras.Model:
        method = "full_precision" if self.method is None else self.method.name
        return with_weights(keras.Model(self.image, x, name=f"{name}_{method}"), weights)
