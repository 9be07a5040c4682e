"""Weights of 1 to 4 bits in 32-bit words: a plane of bits for each bit of their codes.

Channel ``c`` of the last axis is bit ``c % 32`` of word ``c // 32`` of each plane, the lowest bit's plane first; bits
after the last channel are clear. Signs come out as Larq Compute Engine packs them, a set bit for -1.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np

from larq_focal.network import ops
from larq_focal.network.arranged_weights import arranged
from larq_focal.network.graph import QuantGraph
from larq_focal.network.level_grids import level_codes, level_grid
from larq_focal.network.packing import words_for

CONVOLUTION, DEPTHWISE, DENSE = FEW_BIT_KINDS = ("LqfConv2d", "LqfDepthwiseConv2d", "LqfFullyConnected")
"""The layers among the operators of a TensorFlow Lite file."""
QUANTIZER = "LqfQuantize"
"""The operator that makes the integers of a quantizer's levels of floats."""
MOST_BITS = 4
_LARGEST_LEVEL = 16
_LARGEST_LEVEL_OF_ONE_BIT = 8
_FEW_WEIGHTS = 2048
"""On maps of very few levels, sums of binary operators take less time up to here."""
_LEAST_SAVED = 1024
"""Bytes of a file. On few channels the operators of int8 take less time, so that less is not worth it."""
_SAVED_BY_CHANNEL = 20
"""Bytes: operators of int8 have two scales, two zero points and a bias for each output channel, others two floats."""
_FLOAT_BYTES = 4
_FEW_LEVELS = 4
"""Of a map: sums of binary operators take no more of them."""


@dataclass(frozen=True)
class WeightCoding:
    """What codes of ``bits`` bits stand for: the whole numbers ``offset + code * step``."""

    bits: int
    step: int
    offset: int

    @property
    def levels(self) -> np.ndarray:
        """The number of each code, int64 ``[2 ** bits]``."""
        return self.offset + self.step * np.arange(2**self.bits)

    @property
    def has_only_signs(self) -> bool:
        return self.bits == 1 and abs(self.step) == 2 and abs(self.offset) == 1

    @property
    def fault(self) -> str | None:
        """What the operators do not take of it; None if they take it."""
        if not 1 <= self.bits <= MOST_BITS:
            return f"weights of {self.bits} bits"
        largest = int(np.abs(self.levels).max())
        most = _LARGEST_LEVEL_OF_ONE_BIT if self.bits == 1 else _LARGEST_LEVEL
        return f"weights of {largest}" if largest > most else None


def weight_coding(weights: np.ndarray) -> WeightCoding | None:
    """The coding of the fewest bits for whole numbers; None where they take more than four bits, or are too large."""
    low, high = int(weights.min()), int(weights.max())
    if high - low > 2 * _LARGEST_LEVEL:
        return None
    if -low == high == 1 and np.all(weights):
        return WeightCoding(1, -2, 1)
    widest = int(np.gcd.reduce(np.unique(weights) - low)) or 1
    fitting = (coding for coding in _codings(low, high, widest) if not coding.fault)
    return next(fitting, None)


def _codings(low: int, high: int, widest: int) -> Iterator[WeightCoding]:
    """Those that hold ``low``, ``high`` and what lies between them in steps of ``widest``, of the fewest bits first.

    Codes that no weight has may stand for numbers below ``low``: above ``high`` they can be too large.
    """
    for bits in range(1, MOST_BITS + 1):
        for step in (step for step in range(widest, 0, -1) if widest % step == 0):
            spare = 2**bits - 1 - (high - low) // step
            yield from (WeightCoding(bits, step, low - step * below) for below in range(spare + 1))


def pack_weights(weights: np.ndarray, coding: WeightCoding) -> np.ndarray:
    """Packs whole numbers ``[..., C]`` of a coding into int32 ``[..., bits * ceil(C / 32)]``."""
    codes = (weights.astype(np.int64) - coding.offset) // coding.step
    channels = codes.shape[-1]
    planes = np.zeros((*codes.shape[:-1], coding.bits, words_for(channels) * 32), np.uint8)
    for bit in range(coding.bits):
        planes[..., bit, :channels] = codes >> bit & 1
    words = np.packbits(planes, axis=-1, bitorder="little").view("<u4").view(np.int32)
    return words.reshape(*codes.shape[:-1], -1)


def unpack_weights(words: np.ndarray, coding: WeightCoding, channels: int) -> np.ndarray:
    """The whole numbers int8 ``[..., channels]`` that ``pack_weights`` packed.

    Raises:
        ValueError: there is another number of words than so many channels need.
    """
    needed = coding.bits * words_for(channels)
    if words.dtype.itemsize != 4 or words.shape[-1] != needed:
        raise ValueError(f"{coding.bits} bits of {channels} channels need {needed} words, not {words.shape[-1]}")
    planes = np.ascontiguousarray(words).reshape(*words.shape[:-1], coding.bits, -1)
    bits = np.unpackbits(planes.view(np.uint8), axis=-1, bitorder="little")[..., :channels]
    codes = sum(bits[..., bit, :].astype(np.int64) << bit for bit in range(coding.bits))
    return coding.levels[codes].astype(np.int8)


def coding_of(options: Mapping[str, int]) -> WeightCoding:
    """The coding that the options of an operator tell."""
    return WeightCoding(options["weight_bits"], options["weight_step"], options["weight_offset"])


def widths(options: Mapping[str, int]) -> str:
    """The width of the weights and of the map of an operator, to be read."""
    return f"{options['weight_bits']} x {options['image_bits']} bits"


def packed_channels(options: Mapping[str, int]) -> int:
    """The channels of the last axis of an operator's words: the outputs of a depthwise one, else the inputs."""
    return options["channels_in"] * options.get("depth_multiplier", 1)


def stored_weights(words: np.ndarray, options: Mapping[str, int]) -> np.ndarray:
    """The weights of an operator as whole numbers, int8, as the operators of TensorFlow Lite have theirs.

    ``[out, kh, kw, in]``, of a depthwise convolution ``[1, kh, kw, out]``, of a dense layer ``[out, in]``.
    """
    return unpack_weights(words, coding_of(options), packed_channels(options))


def operator_of(op: ops.Linear) -> str:
    """The kind of operator that has the weights of a layer in few bits."""
    if not isinstance(op, ops.Conv2D):
        return DENSE
    return DEPTHWISE if op.is_depthwise else CONVOLUTION


def packed_kernel(op: ops.Linear) -> np.ndarray:
    """The words of that operator, int32: the axis of channels that ``stored_weights`` has last is packed."""
    return pack_weights(arranged(op, op.kernel.codes), weight_coding(op.kernel.codes))


def packed_bytes(op: ops.Linear) -> int:
    """Of these words."""
    *others, channels = arranged(op, op.kernel.codes).shape
    return 4 * weight_coding(op.kernel.codes).bits * words_for(channels) * math.prod(others)


def map_codes(graph: QuantGraph, name: str, grid: ops.UniformQuantize) -> tuple[int, int]:
    """The lowest and the highest integer that a map of 8 bits can hold: few where it comes from a quantizer.

    Args:
        graph: with the roundings.
        name: of the map, which is rounded to ``grid`` or moves what is.
    """
    op = graph[name]
    if isinstance(op, ops.UniformQuantize | ops.Quantize):
        levels = _levels(graph, op if isinstance(op, ops.Quantize) else graph[op.inputs[0]])
        if levels is not None:
            codes = level_codes(levels, grid)
            return int(codes.min()), int(codes.max())
    elif op.moves_elements:
        ends = np.array([map_codes(graph, source, grid) for source in op.inputs])
        if isinstance(op, ops.Pad):
            ends = np.append(ends, level_codes(np.float32([op.value]), grid))
        return int(ends.min()), int(ends.max())
    return -128, 127


def _levels(graph: QuantGraph, op: ops.Op) -> np.ndarray | None:
    """The numbers that a value can have, if they are few."""
    if isinstance(op, ops.Binarize):
        return np.float32([-1, 1])
    if isinstance(op, ops.Quantize):
        return op.levels
    if not op.moves_elements:
        return None
    levels = [_levels(graph, graph[name]) for name in op.inputs]
    levels += [np.float32([op.value])] if isinstance(op, ops.Pad) else []
    return None if any(each is None for each in levels) else np.concatenate(levels)


def takes_few_bits(op: ops.Op) -> bool:
    """Whether an operator of few bits is worth it for a layer, whose inputs and results are integers of 8 bits.

    It is where that makes the file smaller than an operator of int8 does, by what is worth its time, and the weights no
    larger: words of 32 channels hold little of a layer of few channels.
    """
    return has_few_bits(op) and packed_bytes(op) <= op.kernel.size and saved_bytes(op) >= _LEAST_SAVED


def saved_bytes(op: ops.Linear) -> int:
    """Bytes that an operator of few bits takes less of a file than one of int8, about; negative where it takes more."""
    return op.kernel.size - packed_bytes(op) + _SAVED_BY_CHANNEL * op.kernel.shape[-1]


def is_exact_in_few_bits(graph: QuantGraph, op: ops.Op) -> bool:
    """Whether an operator of few bits computes a layer as it is: its weights have few bits, its map few levels.

    Few weights on a map of very few levels are left to binary operators, those on other integers to int8, and those
    that are no smaller in their words to floats.
    """
    if not has_few_bits(op) or (grid := level_grid(graph, op.inputs[0])) is None:
        return False
    if isinstance(graph[grid.name], ops.UniformQuantize):
        return takes_few_bits(op)
    if packed_bytes(op) > _FLOAT_BYTES * op.kernel.size:
        return False
    low, high = map_codes(graph, op.inputs[0], grid)
    return op.kernel.size >= _FEW_WEIGHTS or high - low >= _FEW_LEVELS or operator_of(op) == DEPTHWISE


def has_few_bits(op: ops.Op) -> bool:
    """Whether there is an operator of few bits for a layer, whatever its map."""
    if not isinstance(op, ops.Linear) or op.kernel.scale is None:
        return False
    if isinstance(op, ops.Conv2D) and (op.pad_value != 0 or not (op.groups == 1 or op.is_depthwise)):
        return False
    return weight_coding(op.kernel.codes) is not None
