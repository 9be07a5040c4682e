"""Why a layer that declares few bits did not become a packed convolution, from facts about its graph and its values."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Literal

import numpy as np

from larq_focal.deploy.audit.converted import ConvertedLayer
from larq_focal.deploy.audit.intent import WeightedLayer
from larq_focal.deploy.conversion.frozen import FrozenGraph, NodeDef
from larq_focal.deploy.conversion.lce_patterns import (
    KERNEL_TOLERANCE,
    LayerInput,
    is_sign,
    kernel_deviation,
    layer_input,
    sign_summand,
)
from larq_focal.keras import keras
from larq_focal.network.conv_arithmetic import dilated, same_pads
from larq_focal.network.kernel import FLOAT_BITS, Kernel
from larq_focal.network.packing import WORD_BITS
from larq_focal.quantizers import row_named

_layers = keras.layers
_MAX_LEVELS = 256
_MAX_PLANES = 8
_MAX_SUMMANDS = 7
"""Most binary convolutions that are proposed in the place of one."""
_OF_A_ROW = {"ExpandDims", "SpaceToBatchND"}
"""What Keras puts in front of a 1-D convolution."""
_SCALE_FIX = (
    "use a quantizer of -1 and +1, such as 'ste_sign', and put the scale into the kernel quantizer (one per output "
    "channel) or behind the layer as a constant of shape (C,)"
)
_KINDS = (
    (_layers.DepthwiseConv1D, "binary depthwise convolutions", "use QuantConv1D in groups of 32 channels"),
    (_layers.DepthwiseConv2D, "binary depthwise convolutions", "use QuantConv2D in groups of 32 channels"),
    (_layers.SeparableConv1D, "binary separable convolutions", "use QuantConv1D"),
    (_layers.SeparableConv2D, "binary separable convolutions", "use QuantConv2D"),
    (_layers.Conv1DTranspose, "binary transposed convolutions", "use UpSampling1D and QuantConv1D"),
    (_layers.Conv2DTranspose, "binary transposed convolutions", "use UpSampling2D and QuantConv2D"),
    (_layers.Conv3DTranspose, "binary transposed convolutions", "use UpSampling3D and a QuantConv2D for each slice"),
    (_layers.Conv3D, "binary 3-D convolutions", "use the sum of a QuantConv2D for each slice x[:, depth]"),
    (_layers.LocallyConnected1D, "binary locally connected layers", "use QuantConv1D, which shares its weights"),
    (_layers.LocallyConnected2D, "binary locally connected layers", "use QuantConv2D, which shares its weights"),
    (
        _layers.Dense,
        "binary dense layers",
        "use larq_focal.layers.BinaryDense, which is the same product as a 1x1 convolution",
    ),
)
"""What Larq Compute Engine does not have, by Keras class (more special classes first), and what to use instead."""


@dataclass(frozen=True)
class Obstacle:
    """One thing that keeps a layer from being packed, and what to change."""

    reason: str
    fix: str


def obstacles(
    layer: WeightedLayer,
    frozen: FrozenGraph,
    node: NodeDef | None,
    converted: ConvertedLayer | None,
    sample: Mapping[str, np.ndarray],
) -> list[Obstacle]:
    """All that stands between ``layer`` and a packed convolution.

    Args:
        layer: as the model means it.
        frozen: the graph that the converter saw.
        node: the layer's operation in it, if known.
        converted: what it became, if known.
        sample: inputs with a batch axis of 1 by name, to look at the values that the layer gets.
    """
    return list(_find(layer, frozen, node, converted, sample))


def _find(layer, frozen, node, converted, sample) -> Iterator[Obstacle]:
    yield from _kind(layer)
    if node is not None:
        source = layer_input(frozen, node, operand=2 if node.op == "Conv2DBackpropInput" else 0)
        yield from _input(layer, frozen, source, sample)
        if node.op == "Conv2D":
            yield from _place(layer, frozen, node, source, sample)
    yield from _kernel(layer)
    yield from _groups(layer)
    if converted is not None and converted.kernel is None:
        mib = sum(converted.buffers.values()) / 2**20
        yield Obstacle(
            f"the converter did not compute the quantized kernel and left it to the file, with {mib:.3g} MiB of "
            "constants (it gives up where more than 128 MiB are to be computed)",
            "convert with bake=True, which computes it beforehand",
        )


def _kind(layer: WeightedLayer) -> Iterator[Obstacle]:
    for cls, what, fix in _KINDS:
        if isinstance(layer.layer, cls):
            yield Obstacle(f"Larq Compute Engine has no {what}", fix)
            return


def _input(
    layer: WeightedLayer, frozen: FrozenGraph, source: LayerInput, sample: Mapping[str, np.ndarray]
) -> Iterator[Obstacle]:
    if is_sign(frozen, source.tensor):
        return
    node = frozen.source(source.tensor)
    (values,) = frozen.values([source.tensor], sample)
    levels = np.unique(values)
    who = f"its input quantizer {layer.input_quantizer}" if layer.input_quantizer else "its input"
    is_few = len(levels) <= _MAX_LEVELS and 4 * len(levels) < values.size
    bits = layer.declared_bits[0]
    row = row_named(layer.input_quantizer)
    if row is not None and row.even_levels and bits is not None and bits > 1:  # a sample may show fewer of its levels
        yield Obstacle(
            f"{who} gives {2**bits} levels, and only the two of -1 and +1 are packed",
            "use signs" + _or_bit_planes(layer),
        )
    elif node.op in ("Mul", "RealDiv") and any(is_sign(frozen, operand) for operand in node.input[:2]):
        yield Obstacle(f"{who} scales the signs of the activations, and only -1 and +1 are packed", _SCALE_FIX)
    elif node.op == "Sign" and sign_summand(frozen, node) is None and levels[0] < 0:
        yield Obstacle(
            f"{who} is written with tf.sign, which is 0 at 0, and not as where(condition, 1, -1)",
            "write tf.where(x >= 0, 1.0, -1.0)",
        )
    elif np.isin(levels, (-1, 1)).all():
        yield Obstacle(
            f"{who} gives -1 and +1, but its signs are not written as where(condition, 1, -1)",
            "write the condition as one boolean, and tf.where(condition, 1.0, -1.0)",
        )
    elif np.isin(levels, (0, 1)).all():
        yield Obstacle(
            f"{who} gives 0 and 1, and only -1 and +1 are packed",
            "use signs" + _or_binary_sum(layer, "input_levels", 2),
        )
    elif len(levels) == 2 and levels[0] == -levels[1]:
        yield Obstacle(f"{who} gives {_listed(levels)}, and only -1 and +1 are packed", _SCALE_FIX)
    elif is_few and len(levels) == 3 and levels[1] == 0 and levels[0] == -levels[2]:
        yield Obstacle(
            f"{who} gives {_listed(levels)} (ternary), and only -1 and +1 are packed",
            "use signs" + _or_binary_sum(layer, "input_levels", 3),
        )
    elif is_few and layer.input_quantizer:
        yield Obstacle(
            f"{who} gives {len(levels)} levels, and only the two of -1 and +1 are packed",
            "use signs" + _or_binary_sum(layer, "input_levels", len(levels)),
        )
    elif layer.input_quantizer:
        yield Obstacle(f"{who} leaves the activations float", "use input_quantizer='ste_sign' or another sign")
    else:
        yield Obstacle("its input is not quantized", "give it an input quantizer, such as 'ste_sign', if it may be")


def _or_bit_planes(layer: WeightedLayer) -> str:
    """The exact rewrite by the bits of its inputs as a further fix; "" where there is none of its kind."""
    if (
        _two_d(layer) is None
        or layer.declared_bits[0] > _MAX_PLANES
        or kernel_deviation(layer.kernel) > KERNEL_TOLERANCE
    ):
        return ""
    return (
        f", or a BitPlaneConv2D with bits={layer.declared_bits[0]} and this input quantizer{_two_d(layer)}, which is a "
        "binary convolution for each bit"
    )


def _or_binary_sum(layer: WeightedLayer, argument: Literal["input_levels", "kernel_levels"], count: int) -> str:
    """The exact rewrite by binary products as a further fix; "" where the levels are many or move in training."""
    row = row_named(layer.input_quantizer if argument == "input_levels" else layer.kernel_quantizer)
    if count > _MAX_SUMMANDS + 1 or (row is not None and not getattr(row, argument)):
        return ""
    levels = f"with its levels as {argument}"
    if isinstance(layer.layer, _layers.Dense):
        return f", or a BinarySumDense {levels}, which is a binary product for each but one"
    if _two_d(layer) is None:
        return ""
    return f", or a BinarySumConv2D {levels}{_two_d(layer)}, which is a binary convolution for each but one"


def _two_d(layer: WeightedLayer) -> str | None:
    """How to write the layer as a 2-D convolution: what to add to that, None where it is none."""
    others = (_layers.DepthwiseConv2D, _layers.SeparableConv2D, _layers.Conv2DTranspose, _layers.Conv1DTranspose)
    if isinstance(layer.layer, _layers.Conv2D) and not isinstance(layer.layer, others):
        return ""
    if isinstance(layer.layer, _layers.Conv1D) and not isinstance(layer.layer, others):
        return " and a kernel of (1, size) on inputs of shape (1, length, channels)"
    return None


def _place(
    layer: WeightedLayer, frozen: FrozenGraph, node: NodeDef, source: LayerInput, sample: Mapping[str, np.ndarray]
) -> Iterator[Obstacle]:
    """What stands between the signs and the convolution. A 1-D one has reshapes and borders that are rewritten."""
    has_row = isinstance(layer.layer, _layers.Conv1D)
    if set(source.reshapes) - (_OF_A_ROW if has_row else set()):
        yield Obstacle("a reshape stands between the signs and the convolution", "reshape before the quantizer")
    if node.attr["padding"].s == b"EXPLICIT":
        yield Obstacle("its padding is given in pixels", "use padding='same' or 'valid'")
    elif has_row and set(source.pad_values) <= {0, 1}:
        return
    elif source.pad_values and source.pad_values != (1.0,):
        yield Obstacle(
            f"a border of {_listed(source.pad_values)} is put around its input before the convolution",
            "use pad_values=1, or padding='same' with pad_values=0, and no padding layer in between",
        )
    elif source.pad_values and not _is_same(frozen, node, source, sample):
        yield Obstacle("its border is not that of padding='same'", "use padding='same' with pad_values=1")


def _is_same(frozen: FrozenGraph, node: NodeDef, source: LayerInput, sample: Mapping[str, np.ndarray]) -> bool:
    image = frozen.values([source.tensor], sample)[0].shape[1:3]
    size = frozen.constant(node.input[1]).shape[:2]
    strides, dilation = (tuple(node.attr[name].list.i)[1:3] or (1, 1) for name in ("strides", "dilations"))
    expected = same_pads(image, dilated(size, dilation), strides)
    return np.array_equal(source.pads[0], [(0, 0), *expected, (0, 0)])


def _kernel(layer: WeightedLayer) -> Iterator[Obstacle]:
    deviation = kernel_deviation(layer.kernel)
    if deviation < KERNEL_TOLERANCE:
        return
    who = f"its kernel quantizer {layer.kernel_quantizer}" if layer.kernel_quantizer else "its kernel"
    fix = "use a kernel quantizer of +-s with one s per output channel, such as 'ste_sign'"
    kernel = Kernel.from_values(layer.kernel.T)
    if not layer.kernel_quantizer and kernel.bits == FLOAT_BITS:
        yield Obstacle("its kernel is not quantized", fix)
    elif kernel.bits < FLOAT_BITS and np.isin(kernel.codes, (0, 1)).all():
        yield Obstacle(f"{who} gives 0 and 1 (up to a scale), and only +-s is packed", fix)
    elif kernel.bits < FLOAT_BITS and np.isin(kernel.codes, (-1, 0, 1)).all():
        yield Obstacle(
            f"{who} gives zeros (ternary), and only +-s is packed",
            fix + _or_binary_sum(layer, "kernel_levels", 3),
        )
    elif kernel.bits < FLOAT_BITS:
        count = len(np.unique(kernel.codes))
        if np.isin(-kernel.codes, kernel.codes).all():
            fix += _or_binary_sum(layer, "kernel_levels", count)
        yield Obstacle(f"{who} gives {count} levels ({kernel.bits} bits), and only +-s is packed", fix)
    elif _has_scale_per_input(layer):
        yield Obstacle(
            f"{who} scales each input channel, and only a scale per output channel is packed",
            "drop the scale per input channel; one per output channel is packed",
        )
    elif deviation < 0.1:
        yield Obstacle(
            f"{who} gives magnitudes that differ by {deviation:.1%} within an output channel; "
            f"up to {KERNEL_TOLERANCE:.1%} would be rounded, more is not packed",
            fix,
        )
    else:
        yield Obstacle(f"{who} gives float values, and only +-s is packed", fix)


def _has_scale_per_input(layer: WeightedLayer) -> bool:
    """Whether ``|w|`` is a product of a factor per output and one per input channel."""
    magnitude = np.abs(layer.kernel).reshape(len(layer.kernel), -1, layer.channels)
    per_input, per_output = magnitude[:1, :1, :], magnitude[:, :1, :1]
    product = per_input * per_output / max(magnitude[0, 0, 0], 1e-30)
    return bool(np.allclose(magnitude, product, rtol=1e-4, atol=0))


def _groups(layer: WeightedLayer) -> Iterator[Obstacle]:
    if getattr(layer.layer, "groups", 1) > 1 and not layer.is_depthwise and layer.channels % WORD_BITS:
        yield Obstacle(
            f"its groups have {layer.channels} input channels each, and a group must have a multiple of {WORD_BITS}",
            f"use groups of {WORD_BITS} input channels or a multiple of it",
        )


def _listed(values) -> str:
    texts = [f"{value:g}" for value in values]
    return texts[0] if len(texts) == 1 else f"{', '.join(texts[:-1])} and {texts[-1]}"
