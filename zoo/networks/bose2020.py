"""A network that runs on a focal-plane processor from the pixels to the sums of its classes.

After L. Bose, P. Dudek, J. Chen, S. Carey, W. Mayol-Cuevas, "Fully embedding fast convolutional networks on pixel
processor arrays", ECCV 2020, with the sizes of their code (github.com/lauriebose/Scamp5-MNIST_AREG_CNN_example): one
convolution of 16 kernels 4x4 over a thresholded image in a tile of 64x64 pixels, ReLU, 4x4 max-pool, and a fully
connected layer from 4,096 values to 10 classes. Here all weights are +1 or -1, or ternary, and there is no bias.

``larq_focal.focal_plane.analog.classifier_programs`` writes the program of such a network of +1 and -1.
"""

from __future__ import annotations

from functools import partial

from larq_focal.nn import QuantConv2D, QuantDense, SteHeaviside, SteSign, keras
from larq_focal.quantizers import TernaryWeights

layers = keras.layers


def bose2020(
    *,
    input_shape: tuple[int, int, int] = (56, 56, 1),
    num_classes: int = 10,
    filters: int = 16,
    kernel_size: int = 4,
    pool_size: int = 4,
    margin: int = 4,
    ternary: bool = False,
) -> keras.Model:
    """Builds the network; it returns logits ``[batch, num_classes]``, which are the array's sums to scale.

    Every layer up to "sums" computes small integers, the same as the array's in units of its step.

    Args:
        input_shape: ``(height, width, 1)``; a pixel is 1 where it is above 0, else 0.
        num_classes: number of logits.
        filters: kernels of the convolution; each takes a tile of the array.
        kernel_size: pixels along a side of a kernel.
        pool_size: pixels along a side of a pooled block.
        margin: dark pixels around the image, which keep neighbouring tiles apart; ``kernel_size - 1`` or more. The
            tile, image and margins, has to divide into blocks.
        ternary: whether the weights are -1, 0 and +1, and not only -1 and +1; the array's program takes the latter.

    Raises:
        ValueError: the margin is too small, or the tile does not divide into blocks.
    """
    if margin < kernel_size - 1:
        raise ValueError(f"A kernel of {kernel_size}x{kernel_size} needs a margin of {kernel_size - 1}, not {margin}.")
    height, width = (size + 2 * margin for size in input_shape[:2])
    if height % pool_size or width % pool_size:
        raise ValueError(
            f"A tile of {height}x{width}, image and margins, does not divide into blocks of {pool_size}x{pool_size}."
        )
    kernel_quantizer = partial(TernaryWeights, scale=None) if ternary else SteSign
    image = layers.Input(input_shape, name="image")
    x = layers.ZeroPadding2D(margin, name="margin")(image)
    x = QuantConv2D(
        filters,
        kernel_size,
        padding="same",
        use_bias=False,
        input_quantizer=SteHeaviside(),
        kernel_quantizer=kernel_quantizer(),
        kernel_constraint="weight_clip",
        name="conv",
    )(x)
    x = layers.ReLU(name="relu")(x)
    x = layers.Flatten(name="features")(layers.MaxPool2D(pool_size, name="pool")(x))
    features = x.shape[-1]
    x = QuantDense(
        num_classes,
        use_bias=False,
        kernel_quantizer=kernel_quantizer(),
        kernel_constraint="weight_clip",
        name="sums",
    )(x)
    # The sums grow with the number of features; a softmax trains on a few units.
    logits = layers.Rescaling(1 / features**0.5, name="logits")(x)
    return keras.Model(image, logits, name="bose2020_ternary" if ternary else "bose2020")
