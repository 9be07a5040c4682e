"""Images encoded in a few levels, as one-bit maps: each step to the next level is a sign, and they sum to the value."""

from __future__ import annotations

import dataclasses

import numpy as np

from larq_focal.network.graph import QuantGraph
from larq_focal.network.ops import Binarize, Concat, Conv2D, Linear, Op, Quantize


def levels_as_signs(graph: QuantGraph) -> QuantGraph:
    """The network with convolutions of encoded images of a few levels as convolutions of signs.

    A value of the levels -1, 0 and +1 is half the sum of two signs, those of its comparisons with the two boundaries;
    and so on for more levels about 0 that are 1 or 2 apart. The signs become channels behind each other, and the kernel
    is repeated for them, its scale times half the step, which rounds nothing. Values that depend on a layer with
    weights stay as they are.

    Source: Wan et al., "TBN", ECCV 2018, computes ternary inputs as two bits.
    """
    encoded: set[str] = set()
    for op in graph:
        if not isinstance(op, Linear) and all(name in encoded for name in op.inputs):
            encoded.add(op.name)
    result: list[Op] = []
    signs: dict[str, Op] = {}  # by the value that they stand for
    for op in graph:
        if isinstance(op, Conv2D) and op.inputs[0] in encoded and _reads_signs(graph[op.inputs[0]], op):
            value = graph[op.inputs[0]]
            if value.name not in signs:
                result += _signs(value)
                signs[value.name] = result[-1]
            op = _of_signs(op, value, signs[value.name])
        result.append(op)
    return _without_unused(graph.rewritten(result), set(signs))


def _reads_signs(value: Op, layer: Conv2D) -> bool:
    """Whether ``value`` is a sum of signs, and ``layer`` can read them instead."""
    if not isinstance(value, Quantize) or len(value.levels) < 3:
        return False
    levels = value.levels
    step = levels[1] - levels[0]
    is_even = step in (1, 2) and (np.diff(levels) == step).all() and levels[0] == -levels[-1]
    can_pad = layer.padding == "valid" or layer.pad_value == 0 or levels[-1] == 1  # every sign pads with this value
    return is_even and can_pad and layer.groups == 1 and layer.kernel.scale is not None


def _signs(value: Quantize) -> list[Op]:
    height, width, channels = value.shape
    count = len(value.boundaries)
    shape = (height, width, count * channels)
    copies = Concat(name=f"{value.name}_copies", inputs=value.inputs * count, shape=shape, origin=value.origin)
    thresholds = np.repeat(value.boundaries, channels)
    signs = Binarize(
        name=f"{value.name}_signs", inputs=(copies.name,), shape=shape, threshold=thresholds, origin=value.origin
    )
    return [copies, signs]


def _of_signs(layer: Conv2D, value: Quantize, signs: Op) -> Conv2D:
    count = len(value.boundaries)
    kernel = dataclasses.replace(
        layer.kernel,
        codes=np.concatenate([layer.kernel.codes] * count, axis=2),
        scale=layer.kernel.scale * (value.levels[-1] / np.float32(count)),
    )
    return dataclasses.replace(layer, inputs=(signs.name,), kernel=kernel)


def _without_unused(graph: QuantGraph, names: set[str]) -> QuantGraph:
    return graph.rewritten(
        op for op in graph if op.name not in names or op.name in graph.outputs or graph.consumers(op.name)
    )
