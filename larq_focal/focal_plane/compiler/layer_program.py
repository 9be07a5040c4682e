"""Whether a program exists for one layer of a network."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from larq_focal.focal_plane.compiler.building import RegisterError
from larq_focal.focal_plane.compiler.choosing import INTERLEAVED
from larq_focal.focal_plane.compiler.compiling import compile_network
from larq_focal.focal_plane.compiler.kernels import StoreError
from larq_focal.focal_plane.compiler.unsupported import UnsupportedError
from larq_focal.focal_plane.sensor import Sensor
from larq_focal.focal_plane.verdict import Verdict
from larq_focal.network.fold import fold_thresholds
from larq_focal.network.graph import QuantGraph
from larq_focal.network.ops import Binarize, Conv2D, Input, Op, Pool2D


@dataclass(frozen=True)
class LayerProgram:
    """``icw`` and ``used`` digital registers are those of the program, None where there is none for ``reason``.

    Where the program spills, ``reason`` is that of the last attempt without.
    """

    verdict: Verdict
    icw: int | None = None
    used: int | None = None
    reason: str = ""


def layer_program(graph: QuantGraph, name: str, sensor: Sensor, spill: bool = True) -> LayerProgram:
    """Compiles the convolution ``name`` by itself, with the threshold and the pooling behind it, interleaved.

    ``spill``: whether planes may move to analog registers.
    """
    try:
        alone = _alone(fold_thresholds(graph), name)
        compiled = compile_network(alone, sensor, spill=spill, placement=INTERLEAVED)
    except (UnsupportedError, RegisterError, StoreError) as error:
        return LayerProgram(Verdict.NO_FIT, reason=str(error))
    verdict = Verdict.SPILL if compiled.allocation.spilled else Verdict.FIT
    return LayerProgram(verdict, compiled.total_icw, compiled.allocation.used, compiled.spills_because)


def _alone(graph: QuantGraph, name: str) -> QuantGraph:
    op = graph[name]
    before = graph[op.inputs[0]]
    image = Input(name="maps", shape=before.shape)
    bits = Binarize(name="bits of the maps", inputs=("maps",), shape=before.shape, threshold=np.float32(0))
    operations: list[Op] = [image, bits, replace(op, inputs=(bits.name,))]
    while (follower := _follower(graph, operations[-1].name, operations)) is not None:
        operations.append(follower)
    return QuantGraph(name, operations, [operations[-1].name])


def _follower(graph: QuantGraph, name: str, before: list[Op]) -> Op | None:
    """The one operation behind ``name``, if it belongs to the layer."""
    consumers = graph.consumers(name)
    if len(consumers) != 1 or name in graph.outputs:
        return None
    (op,) = consumers
    is_sign = isinstance(op, Binarize) and not any(isinstance(other, Binarize) for other in before[2:])
    is_pool = isinstance(op, Pool2D) and op.kind == "max" and isinstance(before[-1], Conv2D | Binarize | Pool2D)
    return op if is_sign or is_pool else None
