"""A LeNet: two 5x5 convolutions with pools, and two dense layers."""

from __future__ import annotations

from pathlib import Path

from larq_focal.nn import keras
from larq_focal.zoo.networks.methods import Method, named_method
from larq_focal.zoo.networks.parts import normalised
from larq_focal.zoo.weights import with_weights

layers = keras.layers


def lenet(
    method: str | Method | None = "sign",
    *,
    weights: str | Path | None = None,
    input_shape: tuple[int, int, int] = (28, 28, 1),
    num_classes: int = 10,
    include_top: bool = True,
    use_bias: bool | None = None,
) -> keras.Model:
    """Builds the network; it returns logits ``[batch, num_classes]``, or 50 maps without its top.

    In full precision it has the 431,080 parameters of Caffe's LeNet. Binary, the image itself is binarized, and every
    layer is normalised.

    Args:
        method: A key of ``METHODS``, a method of your own, or None for full precision.
        weights: None for random ones, the name of a data set, or the path of a weights file.
        input_shape: ``(height, width, channels)``, pixels in [-0.5, 0.5).
        num_classes: Number of logits.
        include_top: Whether the dense layers are there.
        use_bias: Whether the layers have a bias; by default only in full precision.

    Raises:
        ValueError: ``method`` or ``weights`` is not known.

    Source:
        LeCun, Bottou, Bengio and Haffner, "Gradient-Based Learning Applied to Document Recognition", 1998; the sizes
        are those of https://github.com/BVLC/caffe/tree/master/examples/mnist.
    """
    image = layers.Input(input_shape, name="image")
    if method is None:
        name, x = "full_precision", _float(image, num_classes, include_top, use_bias is not False)
    else:
        method = named_method(method)
        name, x = method.name, _binary(method, image, num_classes, include_top, bool(use_bias))
    return with_weights(keras.Model(image, x, name=f"lenet_{name}"), weights)


def _float(x, num_classes: int, include_top: bool, use_bias: bool):
    for index, maps in enumerate((20, 50), 1):
        x = layers.Conv2D(maps, 5, activation="relu", use_bias=use_bias, name=f"conv_{index}")(x)
        x = layers.MaxPool2D(2, name=f"pool_{index}")(x)
    if not include_top:
        return x
    x = layers.Dense(500, activation="relu", use_bias=use_bias, name="dense")(layers.Flatten(name="features")(x))
    return layers.Dense(num_classes, use_bias=use_bias, name="classifier")(x)


def _binary(method: Method, x, num_classes: int, include_top: bool, use_bias: bool):
    for index, maps in enumerate((20, 50), 1):
        x = method.conv(maps, 5, use_bias=use_bias, name=f"conv_{index}")(x)
        x = normalised(layers.MaxPool2D(2, name=f"pool_{index}")(x), f"norm_{index}")
    if not include_top:
        return x
    x = method.dense(500, use_bias=use_bias, name="dense")(layers.Flatten(name="features")(x))
    x = method.dense(num_classes, use_bias=use_bias, name="classifier")(normalised(x, "norm_3"))
    return normalised(x, "logits")
