"""Small graphs to be fitted."""

from __future__ import annotations

import numpy as np

from larq_focal.network.graph import QuantGraph
from larq_focal.network.kernel import FLOAT_BITS, Kernel
from larq_focal.network.ops import Binarize, Conv2D, Dense, Input, Op, Reshape


def kernel(shape: tuple[int, ...], bits: int) -> Kernel:
    """A kernel of the given width; one of 2 bits is ternary."""
    if bits == FLOAT_BITS:
        return Kernel(np.full(shape, 0.5, np.float32), None, bits)
    return Kernel(np.ones(shape, np.int8), np.ones(shape[-1], np.float32), bits)


def sign(name: str, source: Op, threshold: float = 0.0) -> Binarize:
    return Binarize(name=name, inputs=(source.name,), shape=source.shape, threshold=np.array(threshold))


def conv(name: str, source: Op, maps: int, bits: int = 1, size: int = 3, **options) -> Conv2D:
    """A convolution of stride 1 whose maps keep their size, or as ``options`` say."""
    height, width, channels = source.shape
    return Conv2D(
        name=name,
        inputs=(source.name,),
        kernel=kernel((size, size, channels // options.get("groups", 1), maps), bits),
        **{"shape": (height, width, maps), "padding": "same", "pad_value": 1.0, **options},
    )


def dense(name: str, source: Op, units: int, bits: int = FLOAT_BITS) -> tuple[Op, ...]:
    flat = Reshape(name=f"{name}_flat", inputs=(source.name,), shape=(int(np.prod(source.shape)),))
    weights = kernel((flat.shape[0], units), bits)
    return flat, Dense(name=name, inputs=(flat.name,), shape=(units,), kernel=weights)


def two_layer_network(side: int = 64, maps: int = 16, bits: int = 1, groups: int = 1) -> QuantGraph:
    """One-bit image -> 3x3 convolution -> sign -> 3x3 convolution -> sign."""
    image = Input(name="image", shape=(side, side, 1))
    bit = sign("bit", image)
    conv1 = conv("conv1", bit, maps, bits)
    sign1 = sign("sign1", conv1)
    conv2 = conv("conv2", sign1, maps, bits, groups=groups)
    sign2 = sign("sign2", conv2)
    return QuantGraph("two layers", (image, bit, conv1, sign1, conv2, sign2), ["sign2"])


def drawn_two_layers(side: int = 32, maps: int = 16, groups: int = 1, seed: int = 0) -> QuantGraph:
    """The same with weights of both signs."""
    network, rng = two_layer_network(side, maps, 1, groups), np.random.default_rng(seed)
    for layer in network.convolutions:
        layer.kernel.codes[:] = rng.choice([-1, 1], layer.kernel.codes.shape)
    return network


def chain(name: str, *ops: Op) -> QuantGraph:
    return QuantGraph(name, ops, [ops[-1].name])
