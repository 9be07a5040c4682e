"""Layers whose quantized inputs are the same whatever the network sees: they learn nothing."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from larq_focal.deploy.audit.findings import Finding
from larq_focal.deploy.audit.model_faults import layer_of
from larq_focal.deploy.constant_input import FIX, constant_input
from larq_focal.deploy.conversion.frozen import KERNEL_OPERATIONS, FrozenGraph, data_inputs
from larq_focal.deploy.conversion.intervals import Intervals
from larq_focal.deploy.conversion.lce_patterns import layer_input


def constant_inputs(frozen: FrozenGraph, layer_names: Sequence[str]) -> Iterator[Finding]:
    """A warning for each layer whose input is constant, such as the sign of what a relu gives, which is always +1.

    Found by bounds of all values in the graph, so that it holds for every input of the network.

    Args:
        frozen: the graph of the model.
        layer_names: names of the model's layers, to tell which one it is.
    """
    intervals = Intervals(frozen)
    inputs = {
        node.name: layer_input(frozen, node, operand=2 if node.op.endswith("BackpropInput") else 0).tensor
        for node in frozen.graph_def.node
        if node.op in KERNEL_OPERATIONS and not frozen.is_constant(node.name)
    }
    constant = {name: tensor for name, tensor in inputs.items() if intervals[tensor].is_single.all()}
    before = {name: _before(frozen, tensor) & constant.keys() for name, tensor in constant.items()}
    for name, tensor in constant.items():
        if before[name]:
            continue  # follows from another one
        behind = dict.fromkeys(
            layer_of(frozen.nodes[other], layer_names) for other, causes in before.items() if name in causes
        )
        yield Finding(
            "constant-input",
            "warning",
            layer_of(frozen.nodes[name], layer_names),
            constant_input(intervals[tensor].low, tuple(behind)),
            FIX,
        )


def _before(frozen: FrozenGraph, tensor: str) -> set[str]:
    """The nodes that ``tensor`` depends on."""
    found: set[str] = set()
    waiting = [frozen.source(tensor)]
    while waiting:
        node = waiting.pop()
        if node.name not in found:
            found.add(node.name)
            waiting += [frozen.source(operand) for operand in data_inputs(node)]
    return found
