"""Images encoded in a few levels, as one-bit maps: each level but the first is a sign, and their mean is the value."""

from __future__ import annotations

import dataclasses

import numpy as np

from larq_focal.network.graph import QuantGraph
from larq_focal.network.ops import Binarize, Concat, Conv2D, Linear, Op, Quantize


def levels_as_signs(graph: QuantGraph) -> QuantGraph:
    """The network with convolutions of encoded images of a few levels as convolutions of signs.

    A value of the levels -a, 0 and +a is a / 2 times the sum of two signs, those of its comparisons with the two
    boundaries; and so on for more levels that are evenly spaced about 0. The signs become channels behind each other,
    and the kernel is repeated for them, with a scale that makes good for the factor. Values that depend on a layer
    with weights stay as they are.

    Source: Wan et al., "TBN", ECCV 2018, computes ternary inputs as two bits.
    """
    encoded: set[str] = set()
    for op in graph:
        if not isinstance(op, Linear) and all(name in encoded for name in op.inputs):
            encoded.add(op.name)
    result: list[Op] = []
    signs: dict[str, Op] = {}  # by the value that they stand for
    for op in graph:
        source = graph[op.inputs[0]] if isinstance(op, Conv2D) else op
        if isinstance(source, Quantize) and op is not source and source.name in encoded and _is_sum(source, op):
            if source.name not in signs:
                result += _signs(source)
                signs[source.name] = result[-1]
            op = _of_signs(op, source, signs[source.name])
        result.append(op)
    return _without_unused(graph.rewritten(result), set(signs))


def _is_sum(source: Quantize, layer: Conv2D) -> bool:
    levels = source.levels
    is_even = len(levels) > 2 and np.allclose(np.diff(levels), levels[1] - levels[0]) and levels[0] == -levels[-1]
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
