"""Networks of larq-zoo with the learnable activation binarizer in place of their sign, and LAB-BNN."""

from __future__ import annotations

from pathlib import Path

from larq_focal.nn import keras
from larq_focal.zoo.networks.larq_zoo.binary_alexnet import binary_alexnet
from larq_focal.zoo.networks.larq_zoo.birealnet import birealnet18
from larq_focal.zoo.networks.larq_zoo.quicknet import quicknet
from larq_focal.zoo.networks.larq_zoo.xnornet import xnornet
from larq_focal.zoo.networks.methods import METHODS
from larq_focal.zoo.networks.parts import classified, float_conv, normalised
from larq_focal.zoo.weights import with_weights

layers = keras.layers

_LAB = "learnable_activation_binarizer"


def quicknet_lab(
    *,
    weights: str | Path | None = None,
    input_shape: tuple[int, int, int] = (224, 224, 3),
    num_classes: int = 1000,
    include_top: bool = True,
) -> keras.Model:
    """larq-zoo's QuickNet with the learnable activation binarizer; it returns probabilities, as larq-zoo does.

    Args:
        weights: None for random ones, the name of a data set, or the path of a weights file.
        input_shape: ``(height, width, channels)``.
        num_classes: Number of classes.
        include_top: Whether the classifier is there.

    Raises:
        ValueError: ``weights`` is not known.

    Source:
        Bannink et al., "Larq Compute Engine", MLSys 2021, https://arxiv.org/abs/2011.09398; Falkena et al., "LAB:
        Learnable Activation Binarizer for Binary Neural Networks", 2022, https://arxiv.org/abs/2210.13858.
    """
    return _with_binarizers(quicknet, "quicknet_lab", weights, input_shape, num_classes, include_top)


def birealnet_lab(
    *,
    weights: str | Path | None = None,
    input_shape: tuple[int, int, int] = (224, 224, 3),
    num_classes: int = 1000,
    include_top: bool = True,
) -> keras.Model:
    """larq-zoo's Bi-Real Net-18 with the learnable activation binarizer; arguments as :func:`quicknet_lab`."""
    return _with_binarizers(birealnet18, "birealnet_lab", weights, input_shape, num_classes, include_top)


def xnornet_lab(
    *,
    weights: str | Path | None = None,
    input_shape: tuple[int, int, int] = (224, 224, 3),
    num_classes: int = 1000,
    include_top: bool = True,
) -> keras.Model:
    """larq-zoo's XNOR-Net with the learnable activation binarizer; arguments as :func:`quicknet_lab`."""
    return _with_binarizers(xnornet, "xnornet_lab", weights, input_shape, num_classes, include_top)


def binary_alexnet_lab(
    *,
    weights: str | Path | None = None,
    input_shape: tuple[int, int, int] = (224, 224, 3),
    num_classes: int = 1000,
    include_top: bool = True,
) -> keras.Model:
    """larq-zoo's BinaryAlexNet with the learnable activation binarizer; arguments as :func:`quicknet_lab`."""
    return _with_binarizers(binary_alexnet, "binary_alexnet_lab", weights, input_shape, num_classes, include_top)


def lab_bnn(
    *,
    weights: str | Path | None = None,
    input_shape: tuple[int, int, int] = (224, 224, 3),
    num_classes: int = 1000,
    include_top: bool = True,
    filters: int = 64,
) -> keras.Model:
    """LAB-BNN: QuickNet's stem, and four stages of four binary convolutions with shortcut and PReLU.

    It returns logits ``[batch, num_classes]``. The stem, the 1x1 convolutions of the shortcuts, the depthwise
    convolutions of the binarizers and the classifier are real-valued.

    Args:
        weights: None for random ones, the name of a data set, or the path of a weights file.
        input_shape: ``(height, width, channels)``, pixels in [-0.5, 0.5).
        num_classes: Number of logits.
        include_top: Whether the mean over space and the classifier are there.
        filters: Maps of the first stage; each later one has twice as many.

    Raises:
        ValueError: ``weights`` is not known.

    Source:
        Falkena et al., "LAB: Learnable Activation Binarizer for Binary Neural Networks", 2022,
        https://arxiv.org/abs/2210.13858; https://github.com/sfalkena/zoo, larq_zoo/literature/lab_bnn.py.
    """
    image = layers.Input(input_shape, name="image")
    x = normalised(float_conv(image, filters // 4, 3, "stem", strides=2), "stem_norm")
    x = layers.ReLU(name="stem_relu")(x)
    x = layers.DepthwiseConv2D(3, strides=2, padding="same", use_bias=False, name="stem_depthwise")(x)
    x = normalised(x, "stem_depthwise_norm", scale=False, center=False)
    x = normalised(float_conv(x, filters, 1, "stem_point"), "stem_point_norm")
    for stage in range(4):
        for block in range(4):
            x = _lab_block(x, filters << stage, f"block_{stage + 1}_{block + 1}")
    if include_top:
        x = classified(x, num_classes)
    return with_weights(keras.Model(image, x, name="lab_bnn"), weights)


def _lab_block(x, maps: int, name: str):
    shortcut, strides = x, 1
    if x.shape[-1] != maps:
        strides = 2
        shortcut = layers.AveragePooling2D(2, padding="same", name=f"{name}_mean")(x)
        shortcut = normalised(float_conv(shortcut, maps, 1, f"{name}_shortcut"), f"{name}_shortcut_norm", momentum=0.8)
    quantizer = {"kernel_quantizer": "magnitude_aware_sign"}
    x = METHODS["lab"].conv(maps, 3, strides=strides, padding="same", name=f"{name}_conv", **quantizer)(x)
    x = layers.Add(name=f"{name}_add")([normalised(x, f"{name}_norm", momentum=0.8), shortcut])
    return layers.PReLU(shared_axes=[1, 2], name=f"{name}_prelu")(x)


def _with_binarizers(network, name: str, weights, input_shape, num_classes: int, include_top: bool) -> keras.Model:
    return network(
        weights=weights,
        input_shape=input_shape,
        num_classes=num_classes,
        include_top=include_top,
        input_quantizer=_LAB,
        name=name,
    )
