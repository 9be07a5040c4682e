"""Values of two levels, such as 0 and 1, as signs."""

from __future__ import annotations

import dataclasses

import numpy as np

from larq_focal.network import ops
from larq_focal.network.graph import QuantGraph
from larq_focal.network.passes.uses import Uses


def two_levels_as_signs(graph: QuantGraph) -> QuantGraph:
    """Layers of whole weights on values of two levels become layers on signs.

    With levels ``m - h`` and ``m + h``, ``x = m + h * sign`` and so ``sum(x * w) = h * sum(sign * w) + m * sum(w)``.
    What stands outside of an image is written in signs too: 0 becomes -1 for the levels 0 and 1.
    """
    uses = Uses(graph)
    centres: dict[str, tuple[float, float]] = {}
    for op in graph:
        if isinstance(op, ops.Quantize) and len(op.levels) == 2 and op.name not in graph.outputs:
            low, high = map(float, op.levels)
            centre, half = (low + high) / 2, (high - low) / 2
            readers = uses.of(op)
            if half > 0 and readers and all(_takes_signs(after, centre, half) for after in readers):
                centres[op.name] = centre, half
    result = []
    for op in graph:
        if op.name in centres:
            place = {"name": op.name, "inputs": op.inputs, "shape": op.shape, "origin": op.origin}
            op = ops.Binarize(**place, threshold=np.float32(op.boundaries[0]))
        elif isinstance(op, ops.Linear) and op.inputs[0] in centres:
            op = _on_signs(op, *centres[op.inputs[0]])
        result.append(op)
    return graph.rewritten(result)


def _takes_signs(op: ops.Op, centre: float, half: float) -> bool:
    if not isinstance(op, ops.Linear) or op.kernel.scale is None:
        return False
    return not isinstance(op, ops.Conv2D) or op.padding == "valid" or (op.pad_value - centre) / half in (-1, 0, 1)


def _on_signs(op: ops.Linear, centre: float, half: float) -> ops.Linear:
    scale = op.kernel.scale.astype(np.float64)
    sums = op.kernel.codes.astype(np.int64).reshape(-1, op.shape[-1]).sum(0)
    bias = centre * sums * scale + (0 if op.bias is None else op.bias)
    kernel = dataclasses.replace(op.kernel, scale=(scale * half).astype(np.float32))
    op = dataclasses.replace(op, kernel=kernel, bias=bias.astype(np.float32) if np.any(bias) else None)
    if isinstance(op, ops.Conv2D) and op.padding == "same":
        op = dataclasses.replace(op, pad_value=(op.pad_value - centre) / half)
    return op
