"""Signs that fall with their value as signs that rise."""

from __future__ import annotations

import dataclasses

import numpy as np

from larq_focal.network import ops
from larq_focal.network.graph import QuantGraph
from larq_focal.network.passes.packable import is_padded, why_not_packable
from larq_focal.network.passes.uses import Uses


def flips_into_kernels(graph: QuantGraph) -> QuantGraph:
    """Takes the flips of ``Binarize`` into a kernel before or behind it, so that all channels rise.

    Before: ``s <= t`` is ``-s >= -t``, and ``-s`` is the sum with the weights of this output channel negated.
    Behind: ``x <= t`` is the opposite of ``x >= next(t)``, the next larger float, and opposite bits with negated
    weights of this input channel give the same sum, unless ones are padded.
    """
    for op in [op for op in graph if isinstance(op, ops.Binarize) and op.flip is not None and op.flip.any()]:
        uses, source = Uses(graph), graph[op.inputs[0]]
        threshold = np.array(np.broadcast_to(op.threshold, np.broadcast_shapes(np.shape(op.threshold), op.flip.shape)))
        if isinstance(source, ops.Linear) and uses.is_used_once(source):
            threshold = np.where(op.flip, -threshold, threshold)
            replaced = {source.name: _negated_outputs(source, op.flip)}
        elif op.name not in graph.outputs and all(_takes_negated(graph, after) for after in uses.of(op)):
            threshold = np.where(op.flip, np.nextafter(threshold, np.float32(np.inf)), threshold)
            replaced = {after.name: _negated_inputs(after, op.flip) for after in uses.of(op)}
        else:
            continue
        replaced[op.name] = dataclasses.replace(op, threshold=threshold, flip=None)
        graph = graph.rewritten(replaced.get(each.name, each) for each in graph)
    return graph


def _takes_negated(graph: QuantGraph, op: ops.Op) -> bool:
    return why_not_packable(graph, op) is None and (op.pad_value == 0 or not is_padded(graph, op))


def _negated_outputs(op: ops.Linear, channels: np.ndarray) -> ops.Linear:
    codes = np.where(channels, -op.kernel.codes, op.kernel.codes)
    bias = None if op.bias is None else np.where(channels, -op.bias, op.bias)
    return dataclasses.replace(op, kernel=dataclasses.replace(op.kernel, codes=codes), bias=bias)


def _negated_inputs(op: ops.Conv2D, channels: np.ndarray) -> ops.Conv2D:
    """The convolution of opposite values in ``channels``, ``[C]``."""
    depth = op.kernel.shape[2]
    by_group = channels.reshape(op.groups, depth)  # which of its input channels, in each group
    by_output = np.repeat(by_group, op.shape[-1] // op.groups, axis=0).T  # [depth, out]
    codes = np.where(by_output, -op.kernel.codes, op.kernel.codes)
    return dataclasses.replace(op, kernel=dataclasses.replace(op.kernel, codes=codes))
