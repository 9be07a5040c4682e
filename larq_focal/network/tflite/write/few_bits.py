"""Layers with weights of few bits on maps of 8 bits, and quantizers, as operators of larq_focal's delegate."""

from __future__ import annotations

import numpy as np

from larq_focal.network import ops
from larq_focal.network.few_bits import (
    DEPTHWISE,
    QUANTIZER,
    WeightCoding,
    map_codes,
    operator_of,
    packed_kernel,
    weight_coding,
)
from larq_focal.network.level_grids import level_codes
from larq_focal.network.tflite.write.emitter import Emitter
from larq_focal.network.tflite.write.layers import PADDINGS


def write_few_bits(op: ops.Linear, emitter: Emitter) -> None:
    """Adds one operator: ``activation(sums * scale of the image * scale + bias)``, rounded where int8 is asked for."""
    kind, words = operator_of(op), packed_kernel(op)
    source = emitter.plan.flattened.get(op.name, op.inputs[0])
    bias = -1 if op.bias is None else emitter.constant(op.bias)
    operands = [emitter.integers(source), emitter.constant(words, np.int32), emitter.constant(op.kernel.scale), bias]
    if emitter.grid is None:
        output = emitter.tensor(op.name, op.shape)
    else:
        output = emitter.integer_tensor(op.name, op.shape, emitter.grid)
    options = _options(op, weight_coding(op.kernel.codes), emitter) | _map(source, emitter)
    options |= _window(op) if isinstance(op, ops.Conv2D) else {}
    if kind == DEPTHWISE:
        options |= {"channels_in": op.groups, "depth_multiplier": op.shape[-1] // op.groups}
    emitter.file.custom(kind, operands, [output], options)
    emitter.finish(op, output)


def write_levels(op: ops.Quantize, emitter: Emitter) -> None:
    """Adds one operator: the integers of the levels, which rise at each boundary. One that skips some stands again."""
    grid = emitter.plan.codes[op.name]
    codes = level_codes(op.levels, grid).astype(np.int64)
    thresholds = emitter.constant(np.repeat(op.boundaries, np.diff(codes)))
    output = emitter.integer_tensor(op.name, op.shape, grid)
    emitter.file.custom(QUANTIZER, [emitter.float_value(op.inputs[0]), thresholds], [output], {"lowest": int(codes[0])})
    emitter.finish(op, output)


def _options(op: ops.Linear, coding: WeightCoding, emitter: Emitter) -> dict[str, int]:
    return {
        "channels_in": op.kernel.shape[-2],
        "fused_activation_function": emitter.fused_activation(op),
        "weight_bits": coding.bits,
        "weight_offset": coding.offset,
        "weight_step": coding.step,
    }


def _map(source: str, emitter: Emitter) -> dict[str, int]:
    """The bits of what the layer reads, and of its padding: with fewer of them there are faster loops."""
    grid = emitter.plan.codes[source]
    low, high = map_codes(emitter.graph, source, grid)
    low, high = min(low, grid.zero_point), max(high, grid.zero_point)
    bits = max(1, (high - low).bit_length())
    return {"image_bits": bits, "image_lowest": min(low, 128 - 2**bits)}


def _window(op: ops.Conv2D) -> dict[str, int]:
    return {
        "dilation_height_factor": op.dilation[0],
        "dilation_width_factor": op.dilation[1],
        "padding": PADDINGS[op.padding],
        "stride_height": op.strides[0],
        "stride_width": op.strides[1],
    }
