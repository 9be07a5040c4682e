"""Dense layers of few bits as convolutions, which is where packed operators are."""

from __future__ import annotations

import dataclasses

import numpy as np

from larq_focal.network import ops
from larq_focal.network.graph import QuantGraph
from larq_focal.network.packing import words_for
from larq_focal.network.passes.packable import gives_signs
from larq_focal.network.passes.planes import has_planes
from larq_focal.network.passes.uses import NewNames, without_unused
from larq_focal.network.rewired import rewired


def dense_as_convolution(graph: QuantGraph) -> QuantGraph:
    """A dense layer that can be packed becomes a convolution of one pixel.

    ``x[n] @ K[n, m]`` is the convolution of the image ``x[1, 1, n]`` with ``K[1, 1, n, m]``; a layer over the last of
    several axes is the same over as many pixels.
    """
    new_name = NewNames(graph)
    result: list[ops.Op] = []
    for op in graph:
        if not (isinstance(op, ops.Dense) and has_planes(graph, op)):
            result.append(op)
            continue
        pixels = (int(np.prod(op.shape[:-1])), 1)
        features = op.kernel.shape[0]
        place = {"name": new_name(f"{op.name}/image"), "inputs": op.inputs, "origin": op.origin}
        image = ops.Reshape(**place, shape=(*pixels, features))
        fields = {field.name: getattr(op, field.name) for field in dataclasses.fields(ops.Linear)}
        fields |= {"name": new_name(f"{op.name}/product"), "inputs": (image.name,), "shape": (*pixels, op.shape[-1])}
        kernel = dataclasses.replace(op.kernel, codes=op.kernel.codes[None, None])
        product = ops.Conv2D(**{**fields, "kernel": kernel})
        result += [image, product, ops.Reshape(name=op.name, inputs=(product.name,), shape=op.shape, origin=op.origin)]
    return graph.rewritten(result)


def flattened_map_as_window(graph: QuantGraph) -> QuantGraph:
    """A convolution of one pixel on a flattened map of signs becomes one with a window of the size of the map.

    ``flat(x)[h * w * c] . K[h * w * c, m]`` is the only position of the window ``K[h, w, c, m]`` on ``x[h, w, c]``, and
    so packed bits need not be moved. The words of each pixel are filled up there: where this takes more of them than
    the flat row does, the row stays.
    """
    result = []
    for op in graph:
        source = _flattened_signs(graph, op)
        if source is not None:
            codes = op.kernel.codes.reshape(*source.shape, op.shape[-1])
            op = rewired(op, {op.inputs[0]: source.name})
            op = dataclasses.replace(op, kernel=dataclasses.replace(op.kernel, codes=codes), strides=(1, 1))
        result.append(op)
    return without_unused(graph.rewritten(result))


def _flattened_signs(graph: QuantGraph, op: ops.Op) -> ops.Op | None:
    """The map behind the reshapes that lead to the one pixel that ``op`` convolves."""
    if not isinstance(op, ops.Conv2D) or op.groups != 1 or op.kernel.shape[:2] != (1, 1):
        return None
    value = graph[op.inputs[0]]
    if value.shape[:2] != (1, 1) or not isinstance(value, ops.Reshape):
        return None
    while isinstance(value, ops.Reshape):
        value = graph[value.inputs[0]]
    is_map = len(value.shape) == 3 and value.shape[-1] != op.kernel.shape[2]
    if not is_map or not gives_signs(graph, value):
        return None
    height, width, channels = value.shape
    return value if height * width * words_for(channels) <= words_for(op.kernel.shape[2]) else None
