"""A network of one layer of a given shape, with weights and thresholds drawn at random, to try whether it compiles."""

from __future__ import annotations

import numpy as np

from larq_focal.focal_plane.fits.conv_layer import ConvLayer
from larq_focal.network.graph import QuantGraph
from larq_focal.network.kernel import Kernel
from larq_focal.network.ops import Binarize, Conv2D, Input, Op, Pair, Pool2D


def stand_in(layer: ConvLayer) -> QuantGraph:
    """One-bit maps, the convolution, and the sign and pooling that follow; ``same`` padding is with zeros.

    Args:
        layer: of one-bit inputs and binary or ternary weights.
    """
    rng = np.random.default_rng(0)
    size = (*layer.kernel_size, layer.channels_per_group, layer.out_channels)
    codes = rng.integers(-1, 2, size) if layer.is_ternary else rng.choice([-1, 1], size)
    kernel = Kernel(codes.astype(np.int8), np.ones(layer.out_channels, np.float32), 2 if layer.is_ternary else 1)
    bits_shape = (layer.height, layer.width, layer.in_channels)
    shape = (*output_size(layer), layer.out_channels)
    spread = np.sqrt(layer.fan_in) if layer.own_thresholds else 0
    threshold = np.rint(rng.normal(0, 1, layer.out_channels) * spread).astype(np.float32)
    operations: list[Op] = [
        Input(name="maps", shape=bits_shape),
        Binarize(name="bits", inputs=("maps",), shape=bits_shape, threshold=np.float32(0)),
        Conv2D(
            name=layer.name,
            inputs=("bits",),
            shape=shape,
            kernel=kernel,
            strides=layer.strides,
            dilation=layer.dilation,
            padding="same" if layer.same_padding else "valid",
            pad_value=0.0,
            groups=layer.groups,
        ),
    ]
    if layer.output_bits == 1:
        operations.append(Binarize(name="sign", inputs=(layer.name,), shape=shape, threshold=threshold))
    if layer.output_bits == 1 and layer.pool_size != (1, 1):
        pooled = (*(-(-side // by) for side, by in zip(shape[:2], layer.pool_size, strict=True)), shape[-1])
        pool = Pool2D(
            name="pool",
            inputs=("sign",),
            shape=pooled,
            kind="max",
            size=layer.pool_size,
            strides=layer.pool_size,
            padding="same",
        )
        operations.append(pool)
    return QuantGraph(layer.name, operations, [operations[-1].name])


def output_size(layer: ConvLayer) -> Pair:
    """Rows and columns of the output; below 1 where the kernel is larger than the maps."""
    if layer.same_padding:
        rows, columns = (-(-side // by) for side, by in zip((layer.height, layer.width), layer.strides, strict=True))
        return rows, columns
    sizes = zip((layer.height, layer.width), layer.kernel_size, layer.dilation, layer.strides, strict=True)
    rows, columns = ((side - (kernel - 1) * apart - 1) // by + 1 for side, kernel, apart, by in sizes)
    return rows, columns
