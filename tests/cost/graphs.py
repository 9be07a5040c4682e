"""Small graphs whose costs can be counted by hand."""

from __future__ import annotations

import numpy as np

from larq_focal.network.graph import QuantGraph
from larq_focal.network.kernel import FLOAT_BITS, Kernel
from larq_focal.network.ops import Activation, Affine, Binarize, Conv2D, Dense, Input, Op, Pool2D, Reshape


def kernel(shape: tuple[int, ...], bits: int) -> Kernel:
    """A kernel of the given width whose scales are all 1."""
    if bits == FLOAT_BITS:
        return Kernel(np.full(shape, 0.5, np.float32), None, bits)
    return Kernel(np.ones(shape, np.int8), np.ones(shape[-1], np.float32), bits)


def conv(name: str, source: Op, maps: int, bits: int, size: int = 3, **options) -> Conv2D:
    """A "valid" convolution of stride 1 without bias, or as ``options`` say."""
    height, width, channels = source.shape
    shape = (height - size + 1, width - size + 1, maps)
    return Conv2D(
        name=name,
        inputs=(source.name,),
        kernel=kernel((size, size, channels // options.get("groups", 1), maps), bits),
        **{"shape": shape, **options},
    )


def affine(name: str, source: Op) -> Affine:
    ones = np.ones(source.shape[-1], np.float32)
    return Affine(name=name, inputs=(source.name,), shape=source.shape, mean=ones, scale=ones, bias=ones)


def sign(name: str, source: Op, threshold: float = 0.0) -> Binarize:
    return Binarize(name=name, inputs=(source.name,), shape=source.shape, threshold=np.array(threshold))


def two_layer_network() -> QuantGraph:
    """8x8x1 -> 3x3 float convolution -> sign -> 3x3 binary convolution -> max-pool -> dense."""
    image = Input(name="image", shape=(8, 8, 1))
    conv1 = conv("conv1", image, 16, FLOAT_BITS)
    norm1 = affine("norm1", conv1)
    sign1 = sign("sign1", norm1)
    conv2 = conv("conv2", sign1, 32, 1, shape=(6, 6, 32), padding="same", pad_value=1.0)
    pool = Pool2D(name="pool", inputs=("conv2",), shape=(3, 3, 32), kind="max", size=(2, 2), strides=(2, 2))
    norm2 = affine("norm2", pool)
    flat = Reshape(name="flat", inputs=("norm2",), shape=(288,))
    bias = np.ones(10, np.float32)
    dense = Dense(name="dense", inputs=("flat",), shape=(10,), kernel=kernel((288, 10), FLOAT_BITS), bias=bias)
    probabilities = Activation(name="probabilities", inputs=("dense",), shape=(10,), kind="softmax")
    ops = (image, conv1, norm1, sign1, conv2, pool, norm2, flat, dense, probabilities)
    return QuantGraph("two layers", ops, ["probabilities"])


def uniform_network(bits: int, input_bits: int) -> QuantGraph:
    """Two convolutions whose weights all have ``bits`` bits, each on values of ``input_bits`` bits."""
    image = Input(name="image", shape=(10, 10, 3), bits=input_bits)
    other = Input(name="other", shape=(7, 7, 4), bits=input_bits)
    ops = (image, other, conv("conv1", image, 8, bits), conv("conv2", other, 8, bits, size=1, groups=2))
    return QuantGraph("uniform", ops, ["conv1", "conv2"])
