"""The smallest changes that make a network fit: each is named only after the whole network compiled with it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace

from larq_focal.focal_plane.compiler.backend.build import RegisterError
from larq_focal.focal_plane.compiler.backend.kernels import StoreError
from larq_focal.focal_plane.compiler.compiled import Compiled
from larq_focal.focal_plane.compiler.layers.count import accumulator_bits
from larq_focal.focal_plane.compiler.unsupported import UnsupportedError
from larq_focal.focal_plane.fits.changed_network import (
    LayerChange,
    changed_layer,
    changed_network,
    further_groups,
    smaller_kernels,
)
from larq_focal.focal_plane.progress import Progress
from larq_focal.focal_plane.sensor import Sensor, load_sensor
from larq_focal.focal_plane.sensor.known_sensors import sensor_names
from larq_focal.focal_plane.sensor.spills import Spill
from larq_focal.focal_plane.time_limit import TimeLimit, TimeLimitError
from larq_focal.network.graph import QuantGraph
from larq_focal.network.ops import Conv2D

_REFUSALS = (RegisterError, StoreError, UnsupportedError)
Changes = Mapping[str, LayerChange]
Further = Callable[[Conv2D, LayerChange], LayerChange | None]


@dataclass(frozen=True, kw_only=True)
class ChangeSearch:
    """The search for changes by which ``network`` has a program that swaps no kernels.

    ``compile`` makes the program of a network for a sensor, a spill, whether kernels may be swapped, and a limit on
    time, or raises one of the errors of ``compile_network``. ``spill`` and ``swap_kernels`` are what was asked for.
    ``blamed`` are the layers that spill or find no registers as they are. ``dark`` is the threshold of signs on inputs
    that have none. ``limit`` is that of all.
    """

    network: QuantGraph
    sensor: Sensor
    spill: Spill
    swap_kernels: bool
    compile: Callable[[QuantGraph, Sensor, Spill, bool, TimeLimit], Compiled]
    blamed: tuple[str, ...]
    dark: float
    limit: TimeLimit
    progress: Progress

    def found(self, first: Changes, fits: bool) -> Iterator[str]:
        """Changes with which there is a program, one in each text, those that do without a spill first.

        Args:
            first: what must be changed in any case.
            fits: whether the network has a program as it is, which spills or swaps kernels.

        Raises:
            TimeLimitError: the time is over; changes that were given before hold.
        """
        texts = []
        for further in (_more_groups, _smaller_kernel):
            changes = self._enough(first, further, "none")
            if changes is not None and (text := self._text(changes)) not in texts:
                texts.append(text)
                yield text
        for name in sensor_names():
            other = load_sensor(name)
            if self._has_more(other) and self._compiles(first, other, "none"):
                yield self._and(first, f"sensor {name}")
        if fits:
            return
        swaps = self.sensor.swaps_kernels and not self.swap_kernels
        if swaps and self._compiles(first, self.sensor, self.spill, swap=True):
            yield self._and(first, "swap_kernels=True")
        if texts or self.spill == "none":
            return
        changes = self._enough(first, _more_groups, "analog")
        if changes is not None:
            yield self._and(changes, "with spill to analog registers")
        if (
            self.spill == "analog"
            and self.sensor.spills_to_controller
            and self._compiles(first, self.sensor, "controller")
        ):
            yield self._and(first, "spill='controller'")

    def _has_more(self, other: Sensor) -> bool:
        """Whether another sensor has more registers, or a larger store or array, and may do what this one does not."""
        mine = self.sensor
        stores = mine.code_store_icw, other.code_store_icw
        return (
            len(other.digital.all) > len(mine.digital.all)
            or (None not in stores and stores[1] > stores[0])
            or (other.height > mine.height and other.width > mine.width)
        )

    def _enough(self, changes: Changes, further: Further, spill: Spill) -> Changes | None:
        """``changes`` and those that ``further`` gives for each layer that is to blame, until there is a program."""
        changes = dict(changes) if changes else self._first(further, spill)
        if changes is None:
            return None
        while True:
            try:
                self._compile(changes, self.sensor, spill)
                return changes
            except _REFUSALS as error:
                name = self._to_blame(error, changes, further)
            if name is None:
                return None
            changes[name] = further(self.network[name], changes.get(name, LayerChange()))

    def _first(self, further: Further, spill: Spill) -> dict[str, LayerChange] | None:
        """The least that must change in the layers that are to blame, and in those that surely spill."""
        changes: dict[str, LayerChange] = {}
        for op in self.network.convolutions:
            change = LayerChange()
            is_tight = spill == "none" and not self._leaves_room(op, change)
            while (op.name in self.blamed and op.name not in changes) or is_tight:
                change = further(op, change)
                if change is None:
                    return None
                changes[op.name] = change
                is_tight = spill == "none" and not self._leaves_room(op, change)
        return changes

    def _leaves_room(self, op: Conv2D, change: LayerChange) -> bool:
        """Whether a count without its last input, the maps and a plane that moves fit the registers at once."""
        digital = self.sensor.digital
        fan_in = changed_layer(op, change).kernel.fan_in
        return accumulator_bits(max(fan_in - 1, 1)) + 2 <= len(digital.holders + digital.mask)

    def _to_blame(self, error: Exception, changes: Changes, further: Further) -> str | None:
        """The layer to change next: the one that needs too many registers, or else the one of most weights."""
        names = [op.name for op in self.network.convolutions]
        if isinstance(error, RegisterError):
            names = [name for name in names if name == error.section]
        elif not isinstance(error, StoreError):
            return None
        able = [name for name in names if further(self.network[name], changes.get(name, LayerChange()))]
        sizes = {name: changed_layer(self.network[name], changes.get(name, LayerChange())).kernel.size for name in able}
        return max(able, key=sizes.__getitem__, default=None)

    def _compiles(self, changes: Changes, sensor: Sensor, spill: Spill, swap: bool = False) -> bool:
        try:
            self._compile(changes, sensor, spill, swap)
        except _REFUSALS:
            return False
        return True

    def _compile(self, changes: Changes, sensor: Sensor, spill: Spill, swap: bool = False) -> Compiled:
        other = "" if sensor is self.sensor else f"sensor {sensor.name}"
        self.progress(self._and(changes, other) or f"spill='{spill}'")
        return self.compile(changed_network(self.network, changes, self.dark), sensor, spill, swap, self.limit)

    def _text(self, changes: Changes) -> str:
        return "; ".join(change.text(self.network[name]) for name, change in changes.items())

    def _and(self, changes: Changes, more: str) -> str:
        return "; ".join(filter(None, (self._text(changes), more)))


def _more_groups(op: Conv2D, change: LayerChange) -> LayerChange | None:
    groups = next(further_groups(op, change.groups or op.groups), None)
    return None if groups is None else replace(change, groups=groups)


def _smaller_kernel(op: Conv2D, change: LayerChange) -> LayerChange | None:
    size = next(smaller_kernels(op, change.kernel_size or op.kernel.codes.shape[:2]), None)
    return None if size is None else replace(change, kernel_size=size)


def changes_within(search: ChangeSearch, first: Changes, fits: bool) -> tuple[tuple[str, ...], bool]:
    """What the search finds, and whether it was stopped by its limit."""
    found: list[str] = []
    try:
        for text in search.found(first, fits):
            found.append(text)
    except TimeLimitError:
        return tuple(found), True
    return tuple(found), False
