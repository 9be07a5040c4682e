"""What becomes of a network on a sensor: its program, or what stopped it, and the changes that help."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

from larq_focal.focal_plane.compiler import RegisterError, StoreError, UnsupportedError
from larq_focal.focal_plane.compiler.array_form import LEVELS_AS_SIGNS, array_form
from larq_focal.focal_plane.compiler.compilation import compile_array_form
from larq_focal.focal_plane.compiler.compiled import Compiled
from larq_focal.focal_plane.compiler.obstacles import obstacles
from larq_focal.focal_plane.fits.changed_network import LayerChange
from larq_focal.focal_plane.fits.changes import ChangeSearch, changes_within
from larq_focal.focal_plane.progress import Progress, silent
from larq_focal.focal_plane.sensor import Sensor
from larq_focal.focal_plane.sensor.spills import Spill
from larq_focal.focal_plane.time_limit import TimeLimit, TimeLimitError
from larq_focal.network.graph import QuantGraph
from larq_focal.verdicts.verdict import Verdict

_AT_ONCE_S = 2.0  # for changes to a network whose bit widths or sizes alone decide


@dataclass(frozen=True, kw_only=True)
class Judged:
    """A network with its program, or with what stopped it: ``blamed`` by layer, and ``refusal`` as a whole."""

    stage: QuantGraph  # whose layers stand in the report
    compiled: Compiled | None = None
    blamed: Mapping[str, tuple[str, ...]]
    refusal: ValueError | None = None
    changes: tuple[str, ...]
    notes: tuple[str, ...]

    @property
    def verdict(self) -> Verdict:
        if self.compiled is None:
            return Verdict.NO_FIT if self.blamed else self.refusal.verdict
        return self.compiled.verdict


def judged(
    network: QuantGraph,
    sensor: Sensor,
    spill: Spill,
    swap_kernels: bool,
    how: Mapping[str, Any],
    limit: TimeLimit,
    progress: Progress,
) -> Judged:
    """Compiles a network once, and looks for changes where there is no program, or one that spills or swaps kernels.

    Args:
        network: as it was read.
        sensor: where it would run.
        spill: as in ``fit``.
        swap_kernels: as in ``fit``.
        how: further arguments of ``compile_array_form``.
        limit: for all of that.
        progress: as in ``fit``.
    """
    stages: dict[str, QuantGraph] = {}
    folded = array_form(network, after=stages.__setitem__)
    stage = stages[LEVELS_AS_SIGNS]

    def compiled_as(graph: QuantGraph, sensor: Sensor, spill: Spill, swap: bool, limit: TimeLimit) -> Compiled:
        form, further = array_form(graph), {"spill": spill, "swap_kernels": swap, "limit": limit}
        return compile_array_form(graph, form, sensor, progress=silent, **further, **how)

    def changes(
        limit: TimeLimit,
        blamed: tuple[str, ...] = (),
        first: Mapping[str, LayerChange] = MappingProxyType({}),
        fits: bool = False,
    ) -> tuple[tuple[str, ...], list[str]]:
        search = ChangeSearch(
            network=network,
            sensor=sensor,
            spill=spill,
            swap_kernels=swap_kernels,
            compile=compiled_as,
            blamed=blamed,
            dark=sum(how["pixel_range"]) / 2,
            limit=limit,
            progress=lambda line: progress(f"changes: {line}"),
        )
        found, is_stopped = changes_within(search, first, fits)
        return found, ["not all changes were tried: the time was over"] if is_stopped else []

    if blamed := obstacles(folded, sensor):
        needed = _needed_changes(network, blamed, sensor)
        found, notes = changes(limit.at_most(_AT_ONCE_S), first=needed) if needed else ((), [])
        notes.append("bit widths or sizes alone decide that it does not fit: it was not compiled")
        return Judged(stage=stage, blamed=blamed, changes=found, notes=tuple(notes))
    try:
        further = {"spill": spill, "swap_kernels": swap_kernels, "limit": limit}
        compiled = compile_array_form(network, folded, sensor, progress=progress, **further, **how)
    except (RegisterError, StoreError) as error:
        of_layer = isinstance(error, RegisterError) and error.section in stage
        found, notes = changes(limit, (error.section,) if of_layer else _of_most_weights(network))
        blamed = {error.section: (f"no program: {error}",)} if of_layer else {}
        return Judged(stage=stage, blamed=blamed, refusal=error, changes=found, notes=(f"no program: {error}", *notes))
    except (UnsupportedError, TimeLimitError) as error:
        return Judged(stage=stage, blamed={}, refusal=error, changes=(), notes=(f"no program: {error}",))
    if compiled.verdict is Verdict.FIT:
        return Judged(stage=stage, compiled=compiled, blamed={}, changes=(), notes=())
    spilling = {section for moves in compiled.allocation.moves.values() for section in moves.sections}
    found, notes = changes(limit, tuple(spilling) or _of_most_weights(network), fits=True)
    for what, reason in (("swap", compiled.swaps_because), ("spill", compiled.spills_because)):
        if reason:
            notes.insert(0, f"no program without a {what} was found: {reason}")
    return Judged(stage=stage, compiled=compiled, blamed={}, changes=found, notes=tuple(notes))


def _of_most_weights(network: QuantGraph) -> tuple[str, ...]:
    """The convolution to change where the store is too small for all."""
    largest = max(network.convolutions, key=lambda op: op.kernel.size, default=None)
    return () if largest is None else (largest.name,)


def _needed_changes(
    network: QuantGraph, blamed: Mapping[str, tuple[str, ...]], sensor: Sensor
) -> dict[str, LayerChange]:
    """What bit widths demand; empty where a layer is not one of the network as it was read, or a map is too large."""
    changes = {}
    for name in blamed:
        if name not in network:
            return {}
        op = network[name]
        height, width = network[op.inputs[0]].shape[:2]
        if height > sensor.height or width > sensor.width:
            return {}
        is_ternary = op.kernel.bits <= 2 and abs(op.kernel.codes).max() <= 1
        changes[name] = LayerChange(binary_weights=not is_ternary, binary_inputs=network.input_bits(op) > 1)
    return changes
