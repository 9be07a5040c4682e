"""Whether a program exists for one layer of a network."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

import numpy as np

from larq_focal.focal_plane.compiler.array_form import array_form
from larq_focal.focal_plane.compiler.backend.build import RegisterError
from larq_focal.focal_plane.compiler.backend.homes import SpillMoves
from larq_focal.focal_plane.compiler.backend.kernels import StoreError
from larq_focal.focal_plane.compiler.compilation import compile_network
from larq_focal.focal_plane.compiler.controller_part import on_controller
from larq_focal.focal_plane.compiler.integer_form.counted_sums import CountedSum, counted_sums
from larq_focal.focal_plane.compiler.integer_form.fold_sums import why_unfolded
from larq_focal.focal_plane.compiler.integer_form.sign_of_sum import is_signs
from larq_focal.focal_plane.compiler.options import INTERLEAVED
from larq_focal.focal_plane.compiler.unsupported import UnsupportedError
from larq_focal.focal_plane.progress import Progress, silent
from larq_focal.focal_plane.sensor import Sensor
from larq_focal.focal_plane.sensor.spills import Spill
from larq_focal.network.graph import QuantGraph
from larq_focal.network.ops import Add, Binarize, Conv2D, Input, Linear, Op, Pool2D, Slice
from larq_focal.verdicts.verdict import Verdict


@dataclass(frozen=True)
class LayerProgram:
    """``icw`` and ``used`` digital registers are those of the program, None where there is none for ``reason``.

    Where the program spills, ``moves`` are those of one frame by where they go, and ``reason`` is that of the last
    attempt without a spill.
    """

    verdict: Verdict
    icw: int | None = None
    used: int | None = None
    reason: str = ""
    moves: Mapping[str, SpillMoves] = field(default_factory=dict)


def layer_program(
    graph: QuantGraph, name: str, sensor: Sensor, spill: Spill = "analog", progress: Progress = silent
) -> LayerProgram:
    """Compiles ``name`` by itself, with what it is added to, the threshold and the pooling behind it, interleaved.

    ``spill``: how far planes may move, and ``progress``, as in ``compile``.
    """
    folded = array_form(graph)
    if reason := _why_stuck(folded, name):
        return LayerProgram(Verdict.NO_FIT, reason=reason)
    try:
        compiled = compile_network(_alone(folded, name), sensor, spill=spill, placement=INTERLEAVED, progress=progress)
    except (UnsupportedError, RegisterError, StoreError) as error:
        return LayerProgram(error.verdict, reason=str(error))
    allocation = compiled.allocation
    moves = {name: allocation.moves[name] for name in allocation.spills_to}
    verdict = Verdict.SPILL if moves else Verdict.FIT
    return LayerProgram(verdict, compiled.total_icw, allocation.used, compiled.spills_because, moves)


def _why_stuck(graph: QuantGraph, name: str) -> str | None:
    """Why the sum that a convolution is added to cannot be counted, where another convolution needs its sign."""
    for op in graph.consumers(name):
        if isinstance(op, Binarize):
            reason = why_unfolded(graph, op)
            if reason and _leads_to_layer(graph, op, on_controller(graph)):
                return reason
        elif not isinstance(op, Linear) and (reason := _why_stuck(graph, op.name)):
            return reason
    return None


def _leads_to_layer(graph: QuantGraph, op: Op, there: set[str]) -> bool:
    """Whether a convolution on the array needs the value of ``op``; ``there`` is what the controller does anyway."""
    after = [other for other in graph.consumers(op.name) if other.name not in there]
    return any(isinstance(other, Conv2D) or _leads_to_layer(graph, other, there) for other in after)


def _alone(graph: QuantGraph, name: str) -> QuantGraph:
    total = next((total for total in counted_sums(graph) if graph[name] in total.layers), None)
    if total is not None:
        operations = _sum_alone(graph, total)
    else:
        op = graph[name]
        before = graph[op.inputs[0]]
        image = Input(name="input maps", shape=before.shape)
        bits = Binarize(name="bits of the maps", inputs=("input maps",), shape=before.shape, threshold=np.float32(0))
        operations = [image, bits, replace(op, inputs=(bits.name,))]
    while (follower := _follower(graph, operations[-1].name, operations)) is not None:
        operations.append(follower)
    return QuantGraph(name, operations, [operations[-1].name])


def _sum_alone(graph: QuantGraph, total: CountedSum) -> list[Op]:
    """What is added, on one-bit maps that are channels of one input."""
    wanted, maps = {total.add.name, *total.add.inputs}, []
    for op in reversed(graph.ops):
        if op.name not in wanted:
            continue
        if is_signs(graph, op) and not isinstance(op, Pool2D):
            maps.insert(0, op)
        else:
            wanted.update(op.inputs)
    area = tuple(max(op.shape[axis] for op in maps) for axis in (0, 1))
    operations: list[Op] = [Input(name="input maps", shape=(*area, sum(op.shape[-1] for op in maps)))]
    channels = 0
    for op in maps:
        part = Slice(
            name=f"channels of {op.name}",
            inputs=("input maps",),
            shape=op.shape,
            begin=(0, 0, channels),
            strides=(1, 1, 1),
        )
        bits = Binarize(name=op.name, inputs=(part.name,), shape=op.shape, threshold=np.float32(0))
        operations += [part, bits]
        channels += op.shape[-1]
    return operations + [op for op in graph if op.name in wanted and op not in maps]


def _follower(graph: QuantGraph, name: str, before: list[Op]) -> Op | None:
    """The one operation behind ``name``, if it belongs to the layer."""
    consumers = graph.consumers(name)
    if len(consumers) != 1 or name in graph.outputs:
        return None
    (op,) = consumers
    layer = next(index for index, other in enumerate(before) if isinstance(other, Conv2D))
    is_sign = isinstance(op, Binarize) and not any(isinstance(other, Binarize) for other in before[layer:])
    is_pool = isinstance(op, Pool2D) and op.kind == "max" and isinstance(before[-1], Conv2D | Add | Binarize | Pool2D)
    return op if is_sign or is_pool else None
