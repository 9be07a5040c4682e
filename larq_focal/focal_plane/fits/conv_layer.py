"""A convolution as the array sees it, read from a QuantGraph."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from larq_focal.focal_plane.compiler.integer_form.counted_sums import CountedSum, counted_sums, largest_count
from larq_focal.focal_plane.compiler.integer_form.sign_of_sum import is_signs
from larq_focal.network.graph import QuantGraph
from larq_focal.network.ops import (
    Activation,
    Affine,
    Binarize,
    Conv2D,
    Input,
    Op,
    Pad,
    Pair,
    Pool2D,
    Quantize,
    Reshape,
    Slice,
    UniformQuantize,
)

_RISING = ("relu", "relu6", "relu_n1_to_1", "clip", "leaky_relu", "sigmoid", "hard_sigmoid", "tanh")
_POINTWISE = Pad | Reshape | Slice | Affine | UniformQuantize | Quantize | Activation


@dataclass(frozen=True)
class HeldValue:
    """A value that lives on past a layer which does not read it, such as a shortcut; ``bits`` of 32 is real-valued."""

    name: str
    height: int
    width: int
    channels: int
    bits: int


@dataclass(frozen=True, kw_only=True)
class ConvLayer:
    """A convolution of ``in_channels`` input maps of ``height`` x ``width`` pixels.

    ``weight_bits`` and ``input_bits`` are per element; a kernel of 2 bits that is not ternary has ``is_ternary``
    False. ``from_pixels``: the input is the image, not yet quantized. ``output_bits`` is 1 where a threshold follows
    and None where the whole count goes on; ``own_thresholds``: each map has its own. ``pool_size`` is that of a
    max-pooling that follows, or (1, 1). ``counted_before`` and ``counted_after`` are the one-bit inputs that other
    layers and maps, ``counted_with``, bring to the same count, where a sum with them is what has a threshold;
    ``weight`` is how often an input of this layer goes in.
    """

    name: str
    height: int
    width: int
    in_channels: int
    out_channels: int
    kernel_size: Pair
    groups: int = 1
    strides: Pair = (1, 1)
    dilation: Pair = (1, 1)
    same_padding: bool = False
    weight_bits: int = 1
    is_ternary: bool = False
    input_bits: int = 1
    from_pixels: bool = False
    output_bits: int | None = 1
    own_thresholds: bool = False
    pool_size: Pair = (1, 1)
    held_values: tuple[HeldValue, ...] = ()
    weight: int = 1
    counted_before: int = 0
    counted_after: int = 0
    counted_with: tuple[str, ...] = ()

    @property
    def channels_per_group(self) -> int:
        return self.in_channels // self.groups

    @property
    def taps(self) -> int:
        return self.kernel_size[0] * self.kernel_size[1]

    @property
    def fan_in(self) -> int:
        """One-bit inputs of one output."""
        return self.taps * self.channels_per_group

    @property
    def counted(self) -> int:
        """One-bit inputs of the whole count."""
        return self.counted_before + self.fan_in * self.weight + self.counted_after

    @property
    def weights(self) -> int:
        return self.fan_in * self.out_channels


def conv_layer(graph: QuantGraph, op: Conv2D, folded: QuantGraph | None = None) -> ConvLayer:
    """The convolution ``op`` of ``graph``.

    ``folded``: the network in its array form, which tells what is counted together.
    """
    height, width, channels = graph[op.inputs[0]].shape
    sums = () if folded is None else tuple(counted_sums(folded))
    total = next((total for total in sums if op.name in (layer.name for layer in total.layers)), None)
    followers = list(_followers(graph, op) if total is None else _followers(folded, total.add))
    gone = {layer.name for total in sums for layer in total.layers}  # never there as values
    gone |= {earlier.name for earlier in graph if folded is not None and earlier.name not in folded}
    return ConvLayer(
        name=op.name,
        height=height,
        width=width,
        in_channels=channels,
        out_channels=op.shape[-1],
        kernel_size=op.kernel.shape[:2],
        groups=op.groups,
        strides=op.strides,
        dilation=op.dilation,
        same_padding=op.padding == "same",
        weight_bits=op.kernel.bits,
        is_ternary=op.kernel.bits == 2 and bool(np.abs(op.kernel.codes).max() <= 1),
        input_bits=graph.input_bits(op),
        from_pixels=graph.input_bits(op) > 1 and _is_image(graph, op.inputs[0]),
        output_bits=1 if any(isinstance(follower, Binarize) for follower in followers) else None,
        own_thresholds=op.bias is not None or any(_moves_threshold(follower) for follower in followers),
        pool_size=next((pool.size for pool in followers if isinstance(pool, Pool2D)), (1, 1)),
        held_values=tuple(value for value in _held_past(graph, op) if value.name not in gone),
        **({} if total is None else _counted_beside(total, op)),
    )


def _counted_beside(total: CountedSum, op: Conv2D) -> dict[str, Any]:
    """What goes into one count with ``op``: one-bit maps of weight 1 first, for the others choose a threshold."""
    position = [layer.name for layer in total.layers].index(op.name)
    others = [other for other in (*total.layers, *total.maps) if other.name != op.name]
    maps = sum(not isinstance(other, Affine) or bool((np.abs(other.scale) == 1).all()) for other in total.maps)
    return {
        "weight": int(np.abs(total.layers[position].kernel.scale).max()),
        "counted_before": maps + sum(map(largest_count, total.layers[:position])),
        "counted_after": sum(map(largest_count, total.layers[position + 1 :])),
        "counted_with": tuple(other.inputs[0] if isinstance(other, Affine) else other.name for other in others),
    }


def _is_image(graph: QuantGraph, name: str) -> bool:
    """Whether the value is a network input, at most moved, scaled or rounded."""
    op = graph[name]
    while isinstance(op, _POINTWISE):
        op = graph[op.inputs[0]]
    return isinstance(op, Input)


def _followers(graph: QuantGraph, op: Op) -> Iterator[Op]:
    """The chain behind ``op``, up to a binarizer and the pooling after it, while it can run as one threshold."""
    binarized = False
    while len(consumers := graph.consumers(op.name)) == 1:
        op = consumers[0]
        rises = isinstance(op, Affine | Binarize) or (isinstance(op, Activation) and op.kind in _RISING)
        is_max_pool = isinstance(op, Pool2D) and op.kind == "max"
        if not (is_max_pool or (rises and not binarized)):
            return
        yield op
        binarized = binarized or isinstance(op, Binarize)


def _moves_threshold(op: Op) -> bool:
    return isinstance(op, Affine) or (isinstance(op, Binarize) and (op.flip is not None or bool(np.any(op.threshold))))


def _held_past(graph: QuantGraph, op: Op) -> Iterator[HeldValue]:
    """Values on the array that are there before ``op`` and are read after it, but not by it."""
    position = graph.ops.index(op)
    later = {name for other in graph.ops[position + 1 :] for name in other.inputs}
    for earlier in graph.ops[:position]:
        if len(earlier.shape) == 3 and earlier.name in later and earlier.name not in op.inputs:
            bits = 1 if is_signs(graph, earlier) else graph.bits(earlier.name)
            yield HeldValue(earlier.name, *earlier.shape, bits)
