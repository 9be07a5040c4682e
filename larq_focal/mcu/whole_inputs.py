"""Levels and pixels that are multiples of one number, as whole numbers: the layers behind them get that as a scale."""

from __future__ import annotations

import dataclasses

import numpy as np

from larq_focal.mcu.whole import is_whole, line, whole_values
from larq_focal.network import ops
from larq_focal.network.graph import QuantGraph
from larq_focal.network.passes.affines import affine
from larq_focal.network.passes.uses import NewNames, Uses, without_unused
from larq_focal.network.rewired import rewired

_LARGEST_LEVEL = 127
_MOST_PARTS = 12
"""Of the smallest distance of two levels that a unit may be."""
_TOLERANCE = 8 * np.finfo(np.float32).eps


def whole_inputs(graph: QuantGraph) -> QuantGraph:
    """``sum(u * x * w)`` as ``u * sum(x * w)`` with whole x, for layers of whole weights.

    ``u`` times whole numbers are evenly spaced levels, as few-bit quantizers have them, and pixels that were shifted
    and scaled: ``pixel / 127.5 - 1`` is ``(2 * pixel - 255) / 255``. What else reads the values gets them scaled again.
    """
    made = _units(graph)
    units = _with_moves(graph, made)
    uses, new_name = Uses(graph), NewNames(graph)
    wanted = {name for name in made if _reach_a_layer(graph, uses, units, graph[name])}
    units = _with_moves(graph, {name: made[name] for name in wanted})
    result: list[ops.Op] = []
    scaled: dict[str, str] = {}
    for op in graph:
        unit = units.get(op.name, units.get(op.inputs[0]) if op.inputs else None)
        if op.name in wanted:
            op = _as_whole(op, made[op.name])
        elif op.name in units:
            op = dataclasses.replace(op, value=op.value / unit) if isinstance(op, ops.Pad) else op
        elif isinstance(op, ops.Linear) and _takes_unit(op, unit):
            scale = (op.kernel.scale.astype(np.float64) * unit).astype(np.float32)
            op = dataclasses.replace(op, kernel=dataclasses.replace(op.kernel, scale=scale))
            if isinstance(op, ops.Conv2D):
                op = dataclasses.replace(op, pad_value=op.pad_value / unit)
        else:
            op = rewired(op, scaled)
        result.append(op)
        if op.name in units and (op.name in graph.outputs or not _all_take(graph, uses, units, op)):
            channels = np.full(op.shape[-1:], units[op.name], np.float32)
            result.append(
                affine(op, channels, np.zeros_like(channels), name=new_name(f"{op.name}/scaled"), inputs=(op.name,))
            )
            scaled[op.name] = result[-1].name
    return without_unused(_with_outputs(graph, result, scaled))


def _with_outputs(graph: QuantGraph, result: list[ops.Op], scaled: dict[str, str]) -> QuantGraph:
    """The network in which a value that was an output is still one, under its name."""
    swapped = {name: scaled[name] for name in graph.outputs if name in scaled}
    swapped |= {new: old for old, new in swapped.items()}
    return graph.rewritten(
        dataclasses.replace(rewired(op, swapped), name=swapped.get(op.name, op.name)) for op in result
    )


def _units(graph: QuantGraph) -> dict[str, float]:
    """The unit of each operation that gives multiples of one number, but not whole numbers."""
    ranges = whole_values(graph)
    found = {}
    for op in graph:
        if isinstance(op, ops.Quantize) and not is_whole(op.levels):
            unit = _unit_of_levels(op.levels)
        elif isinstance(op, ops.Affine) and ranges[op.inputs[0]] is not None and ranges[op.name] is None:
            unit = _unit_of_line(op)
        else:
            continue
        if unit is not None:
            found[op.name] = unit
    return found


def _unit_of_levels(levels: np.ndarray) -> float | None:
    """What all levels are whole multiples of, up to a few units in the last place of the largest; None without one."""
    levels = levels.astype(np.float64)
    largest = np.abs(levels).max(initial=0)
    parts = np.abs([*np.diff(levels), *levels])
    smallest = parts[parts > 0].min(initial=np.inf)
    if not np.isfinite(largest) or not np.isfinite(smallest):
        return None
    for count in range(1, _MOST_PARTS + 1):
        # A small distance of large levels is inexact: it tells the multiples, and the largest level the unit.
        multiples = np.rint(levels / (smallest / count))
        most = np.abs(multiples).max()
        unit = largest / most
        if most <= _LARGEST_LEVEL and np.abs(multiples * unit - levels).max() <= _TOLERANCE * largest:
            return float(unit)
    return None


def _unit_of_line(op: ops.Affine) -> float | None:
    scale, bias = line(op)
    if not (np.all(scale == scale.flat[0]) and np.all(bias == bias.flat[0])) or scale.flat[0] == 0:
        return None
    ratio = float(bias.flat[0] / scale.flat[0])
    for count in range(1, _MOST_PARTS + 1):
        if abs(ratio * count) < 2**14 and _is_nearly_whole(np.array([ratio * count])):
            return float(scale.flat[0]) / count
    return None


def _is_nearly_whole(numbers: np.ndarray) -> bool:
    return bool(np.all(np.abs(numbers - np.rint(numbers)) <= 1e-5))


def _as_whole(op: ops.Op, unit: float) -> ops.Op:
    if isinstance(op, ops.Quantize):
        return dataclasses.replace(op, levels=np.rint(op.levels.astype(np.float64) / unit).astype(np.float32))
    scale, bias = (np.rint(part / unit) for part in line(op))
    return affine(op, scale, np.broadcast_to(bias, scale.shape))


def _with_moves(graph: QuantGraph, made: dict[str, float]) -> dict[str, float]:
    """The units of these values, and of those that only move their elements or are sums of values of one unit."""
    units = dict(made)
    for op in graph:
        unit = units.get(op.inputs[0]) if op.inputs else None
        if op.name not in units and unit is not None and _carries_unit(op) and _keeps_unit(op, unit, units):
            units[op.name] = unit
    return units


def _carries_unit(op: ops.Op) -> bool:
    return op.moves_elements or isinstance(op, ops.Add)


def _keeps_unit(op: ops.Op, unit: float, units: dict[str, float]) -> bool:
    if unit < 0 and isinstance(op, ops.Pool2D | ops.GlobalPool):
        return False
    if isinstance(op, ops.Pad) and not is_whole(op.value / unit):
        return False
    return all(units.get(name) == unit for name in op.inputs)


def _takes_unit(op: ops.Op, unit: float | None) -> bool:
    """Whether a reader is a layer that can multiply its sums by a unit."""
    if unit is None or not isinstance(op, ops.Linear) or op.kernel.scale is None:
        return False
    return is_whole(getattr(op, "pad_value", 0.0) / unit)


def _all_take(graph: QuantGraph, uses: Uses, units: dict[str, float], op: ops.Op) -> bool:
    return all(after.name in units or _takes_unit(after, units[op.name]) for after in uses.of(op))


def _reach_a_layer(graph: QuantGraph, uses: Uses, units: dict[str, float], op: ops.Op) -> bool:
    """Whether a layer that can multiply its sums by the unit reads ``op``, maybe moved."""
    return any(
        _takes_unit(after, units[op.name])
        or (after.name in units and _carries_unit(after) and _reach_a_layer(graph, uses, units, after))
        for after in uses.of(op)
    )
