"""A network becomes code on planes: what runs on the array, in order, and what is left to the controller."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

import numpy as np

from larq_focal.focal_plane.compiler.convolution import Convolution, binarized, counted
from larq_focal.focal_plane.compiler.counting import alike
from larq_focal.focal_plane.compiler.dense import Scores, scored
from larq_focal.focal_plane.compiler.inputs import LightInput, PlaneInput, chosen_input
from larq_focal.focal_plane.compiler.layout import Layout
from larq_focal.focal_plane.compiler.maps import Counts, Maps, can_be_joined, joined
from larq_focal.focal_plane.compiler.merging import added_above, are_aligned, multiplied
from larq_focal.focal_plane.compiler.outputs import Output
from larq_focal.focal_plane.compiler.patterns import Constants
from larq_focal.focal_plane.compiler.pitch import base_pitch
from larq_focal.focal_plane.compiler.pooling import pool_pads, pooled
from larq_focal.focal_plane.compiler.schedule import Schedule
from larq_focal.focal_plane.compiler.tiles import tiles_for
from larq_focal.focal_plane.compiler.unsupported import UnsupportedError
from larq_focal.focal_plane.compiler.virtual import Code
from larq_focal.focal_plane.controller import on_controller
from larq_focal.focal_plane.sensor import Sensor
from larq_focal.network.fold import largest_sum
from larq_focal.network.graph import QuantGraph
from larq_focal.network.ops import (
    Add,
    Binarize,
    Concat,
    Conv2D,
    Dense,
    Input,
    Linear,
    Multiply,
    Op,
    Pool2D,
    Reshape,
    Unknown,
)


@dataclass(frozen=True)
class _Sums:
    """A convolution that has not been counted yet, for what follows decides how."""

    op: Conv2D
    pools: tuple[Pool2D, ...] = ()


@dataclass(frozen=True)
class _Added:
    """A sum of one-bit maps that waits for its threshold."""

    values: tuple[Maps, ...]


@dataclass
class Lowering:
    """Emits the array's part of a folded network.

    Args:
        graph: as ``fold_thresholds`` gives it.
        sensor: where it will run.
        schedules: how each layer is counted.
        pixel_range: the network's input values for no light and for the brightest.
        dense_on_array: whether dense layers over one-bit maps run on the array.
        is_tiled: whether maps lie in tiles, and not in blocks.
    """

    graph: QuantGraph
    sensor: Sensor
    schedules: Mapping[str, Schedule]
    pixel_range: tuple[float, float]
    dense_on_array: bool = False
    is_tiled: bool = False
    code: Code = field(init=False)
    inputs: list[LightInput | PlaneInput] = field(init=False, default_factory=list)
    outputs: list[Output] = field(init=False, default_factory=list)
    scores: list[Scores] = field(init=False, default_factory=list)
    tail: set[str] = field(init=False, default_factory=set)

    def __post_init__(self):
        self.code = Code(self.sensor)
        self.constants = Constants(self.code)
        self._values: dict[str, Maps | Counts | _Sums | _Added] = {}
        self._before: set[str] = set()  # real values on the way from the input to its one-bit maps
        self._placement = (tiles_for if self.is_tiled else base_pitch)(self.graph, self.sensor)

    @property
    def layouts(self) -> dict[str, Layout]:
        """Where the one-bit maps that have been emitted lie."""
        return {name: value.layout for name, value in self._values.items() if isinstance(value, Maps)}

    def run(self) -> None:
        """Emits the whole network.

        Raises:
            UnsupportedError: a layer that the array cannot run.
        """
        self.tail = {name for name in on_controller(self.graph)}
        for op in self.graph:
            with self.code.section(op.name):
                self._lower(op)
        if not self._values:
            raise UnsupportedError(f"'{self.graph.name}' has no one-bit maps that the array could work on.")
        for name in self._read_by_controller():
            if name in self._values:
                with self.code.section("read out"):
                    self._read(name)
        if any(isinstance(source, LightInput) for source in self.inputs):
            with self.code.section("reset the pixels"):
                self.code.emit("respix")

    def _read_by_controller(self) -> list[str]:
        """Outputs of the network and what operations on the controller need for them; other operations are dropped."""
        wanted = dict.fromkeys(self.graph.outputs)
        for op in reversed(self.graph.ops):
            if op.name in self.tail and op.name in wanted:
                wanted |= dict.fromkeys(op.inputs)
        self.tail &= wanted.keys()
        return list(wanted)

    def _lower(self, op: Op) -> None:
        if isinstance(op, Unknown):
            raise UnsupportedError(f"'{op.name}': {op.kind} is not understood.")
        if self.dense_on_array and isinstance(op, Dense) and (maps := self._flattened(op)):
            self.scores.append(scored(self.code, self.constants, maps, op, _word(op.name)))
            self.tail.discard(op.name)
            return
        if op.name in self.tail:
            return
        known = [self._values.get(name) for name in op.inputs]
        if isinstance(op, Input) or (known and all(name in self._before for name in op.inputs)):
            self._lower_before(op)
        elif isinstance(op, Conv2D):
            self._values[op.name] = _Sums(self._checked(op))
        elif isinstance(op, Pool2D) and op.kind == "max" and isinstance(known[0], Maps):
            self._values[op.name] = self._pooled(known[0], op)
        elif isinstance(op, Pool2D) and op.kind == "max" and isinstance(known[0], _Sums) and self._ends_binary(op):
            self._values[op.name] = replace(known[0], pools=(*known[0].pools, op))
        elif isinstance(op, Binarize) and isinstance(known[0], _Sums):
            self._values[op.name] = self._binarized(known[0], op)
        elif isinstance(op, Multiply) and are_aligned(known):
            self._values[op.name] = multiplied(self.code, known)
        elif isinstance(op, Add) and are_aligned(known) and self._ends_binary(op):
            self._values[op.name] = _Added(tuple(known))
        elif isinstance(op, Binarize) and isinstance(known[0], _Added | Maps):
            added = known[0] if isinstance(known[0], _Added) else _Added((known[0],))
            self._values[op.name] = self._merged(added, op)
        elif isinstance(op, Concat) and op.axis in (-1, 2) and can_be_joined(known):
            self._values[op.name] = joined(known)
        else:
            self.tail.add(op.name)

    def _flattened(self, op: Dense) -> Maps | None:
        """The one-bit maps that a binary or ternary dense layer reads flattened."""
        source = self.graph[op.inputs[0]]
        if not isinstance(source, Reshape) or op.kernel.bits > 2 or np.abs(op.kernel.codes).max() > 1:
            return None
        maps = self._values.get(source.inputs[0])
        return maps if isinstance(maps, Maps) and len(source.shape) == 1 else None

    def _ends_binary(self, op: Op) -> bool:
        consumers = self.graph.consumers(op.name)
        ends = Binarize | Pool2D if isinstance(op, Pool2D) else Binarize
        return len(consumers) == 1 and isinstance(consumers[0], ends) and op.name not in self.graph.outputs

    def _lower_before(self, op: Op) -> None:
        """Takes the first one-bit value behind the input to the array."""
        if isinstance(op, Linear):
            bits = self.graph.input_bits(op)
            raise UnsupportedError(
                f"'{op.name}' reads values of {bits} bits; the array multiplies 1-bit ones: quantize its input."
            )
        if self.graph.bits(op.name) > 1 or len(op.shape) != 3:
            self._before.add(op.name)
            return
        source = chosen_input(self.graph, op, self.sensor, self._placement, self.pixel_range)
        self.inputs.append(source)
        self._values[op.name] = source.emit(self.code, self.constants)

    def _checked(self, op: Conv2D) -> Conv2D:
        if (bits := self.graph.input_bits(op)) > 1:
            raise UnsupportedError(
                f"'{op.name}' reads '{op.inputs[0]}' of {bits} bits; the array multiplies 1-bit inputs: binarize it."
            )
        if op.inputs[0] in self.tail:
            raise UnsupportedError(f"'{op.name}' follows '{op.inputs[0]}', which runs on the controller.")
        if op.kernel.bits > 2 or np.abs(op.kernel.codes).max() > 1:
            raise UnsupportedError(
                f"'{op.name}' has weights of {op.kernel.bits} bits; the array multiplies 1-bit and ternary ones."
            )
        if op.padding == "same" and op.pad_value not in (-1, 0, 1):
            raise UnsupportedError(f"'{op.name}' pads with {op.pad_value}; the array pads with -1, 0 or 1.")
        return op

    def _maps(self, name: str, reads_beyond: bool) -> Maps:
        maps = self._values[name]
        if reads_beyond:
            maps = self._values[name] = maps.cleaned(self.code, self.constants)
        return maps

    def _pooled(self, maps: Maps, op: Pool2D) -> Maps:
        if np.any(pool_pads(op, maps.layout)):
            maps = maps.cleaned(self.code, self.constants)
        return pooled(self.code, self.constants, maps, op)

    def _threshold(self, op: Binarize) -> tuple[np.ndarray, np.ndarray]:
        """Threshold and flip of each channel."""
        threshold = np.broadcast_to(np.asarray(op.threshold, np.float64), op.shape)
        if (threshold != threshold[0, 0]).any():
            raise UnsupportedError(f"'{op.name}' has thresholds of each pixel's own, which are not folded yet.")
        flip = np.zeros(op.shape[-1], bool) if op.flip is None else np.broadcast_to(op.flip, op.shape[-1:])
        return threshold[0, 0], flip

    def _merged(self, added: _Added, op: Binarize) -> Maps:
        threshold, flip = self._threshold(op)
        above = np.where(flip, np.floor(threshold) + 1, threshold)
        return self._inverted(added_above(self.code, self.constants, added.values, above), flip)

    def _binarized(self, sums: _Sums, op: Binarize) -> Maps:
        threshold, flip = self._threshold(op)
        if largest_sum(self.graph, sums.op) is None or (sums.op.kernel.scale != 1).any() or sums.op.bias is not None:
            raise UnsupportedError(
                f"'{op.name}' behind '{sums.op.name}' changes its sign more than once: no threshold is its like."
            )
        shape = self.graph[sums.op.inputs[0]].shape
        if sums.pools:
            layer = Convolution.of(sums.op, shape)
            maps = self._counted_above(layer, np.where(flip, np.floor(threshold) + 1, threshold))
            for pool in sums.pools:
                maps = self._pooled(maps, pool)
            return self._inverted(maps, flip)
        return self._counted_above(Convolution.of(sums.op, shape, flip), np.where(flip, -threshold, threshold))

    def _counted_above(self, layer: Convolution, threshold: np.ndarray) -> Maps:
        with self.code.section(layer.op.name):
            maps = self._maps(layer.op.inputs[0], layer.reads_beyond)
            return binarized(self.code, self.constants, maps, layer, threshold, self.schedules[layer.op.name])

    def _inverted(self, maps: Maps, flip: np.ndarray) -> Maps:
        """The maps with the channels ``flip`` inverted."""
        planes = []
        for index, plane in enumerate(maps.planes):
            here = [(place.offset, flip[c]) for c, place in enumerate(maps.layout.places) if place.plane == index]
            flipped, used = [offset for offset, flips in here if flips], [offset for offset, _ in here]
            if len(flipped) == len(used):
                plane = self.code.nor(plane)
            elif flipped:
                parts = self.constants.places(flipped, used, maps.layout.spacing)
                plane = alike(self.code, plane, parts, invert=True)
            planes.append(plane)
        return Maps(maps.layout, tuple(planes))

    def _read(self, name: str) -> None:
        value = self._values[name]
        offsets = None
        if isinstance(value, _Sums):
            layer = Convolution.of(value.op, self.graph[value.op.inputs[0]].shape)
            with self.code.section(value.op.name):
                maps = self._maps(value.op.inputs[0], layer.reads_beyond)
                value = counted(self.code, self.constants, maps, layer, self.schedules[name])
            offsets = value.offsets
        planes = [bits if isinstance(bits, tuple) else (bits,) for bits in value.planes]
        names = []
        for index, bits in enumerate(planes):
            names.append(tuple(f"{_word(name)}_{index}_{bit}" for bit in range(len(bits))))
            for plane, result in zip(bits, names[-1], strict=True):
                self.code.call("read_plane", plane, result=result)
        self.outputs.append(Output(name, value.layout, tuple(names), offsets))


def _word(name: str) -> str:
    return "".join(letter if letter.isalnum() else "_" for letter in name)
