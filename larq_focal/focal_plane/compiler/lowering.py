"""A network becomes code on planes: what runs on the array, in order, and what is left to the controller."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

import numpy as np

from larq_focal.focal_plane.compiler.backend.virtual import Code
from larq_focal.focal_plane.compiler.controller_part import on_controller
from larq_focal.focal_plane.compiler.input_stage.inputs import ArrayInput, chosen_input, is_encoded_again
from larq_focal.focal_plane.compiler.integer_form.counted_sums import ends_binary
from larq_focal.focal_plane.compiler.integer_form.whole_weights import FINEST_FRACTION
from larq_focal.focal_plane.compiler.layers.accumulating import Accumulation, accumulated, accumulation
from larq_focal.focal_plane.compiler.layers.dense import Scores, scored
from larq_focal.focal_plane.compiler.layers.merging import can_be_multiplied, constant, inverted, multiplied
from larq_focal.focal_plane.compiler.layers.pooling import pool_pads, pooled
from larq_focal.focal_plane.compiler.layers.schedule import Schedule, most_frugal
from larq_focal.focal_plane.compiler.layers.sums import (
    Sum,
    Term,
    binarized,
    common_layout,
    counted,
    fewest_words,
    forms,
)
from larq_focal.focal_plane.compiler.outputs import Output
from larq_focal.focal_plane.compiler.placement.layout import Layout
from larq_focal.focal_plane.compiler.placement.maps import Counts, Maps, can_be_joined, joined
from larq_focal.focal_plane.compiler.placement.patterns import Constants
from larq_focal.focal_plane.compiler.placement.pitch import base_pitch
from larq_focal.focal_plane.compiler.placement.tiles import tiles_for
from larq_focal.focal_plane.compiler.summands import Sums, can_be_added, check_convolution, terms
from larq_focal.focal_plane.compiler.unsupported import NotUnderstoodError, UnsupportedError
from larq_focal.focal_plane.sensor import Sensor
from larq_focal.network.graph import QuantGraph
from larq_focal.network.ops import (
    Add,
    Affine,
    Binarize,
    Concat,
    Conv2D,
    Dense,
    Input,
    Multiply,
    Op,
    Pool2D,
    Quantize,
    Reshape,
    Unknown,
    Weighted,
)


@dataclass
class Lowering:
    """Emits the array's part of a folded network.

    Args:
        graph: as ``fold_thresholds`` and then ``fold_sums`` give it.
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
    inputs: list[ArrayInput] = field(init=False, default_factory=list)
    outputs: list[Output] = field(init=False, default_factory=list)
    scores: list[Scores] = field(init=False, default_factory=list)
    tail: set[str] = field(init=False, default_factory=set)
    accumulations: dict[str, Accumulation] = field(init=False, default_factory=dict)

    def __post_init__(self):
        self.code = Code(self.sensor)
        self.constants = Constants(self.code)
        self._values: dict[str, Maps | Counts | Sums] = {}
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
        if any(source.sees_light for source in self.inputs):
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
            raise NotUnderstoodError(f"'{op.name}': {op.kind} is not understood.")
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
            check_convolution(self.graph, self._values, self.tail, op)
            self._values[op.name] = Sums((op.name,))
        elif isinstance(op, Pool2D) and op.kind == "max" and isinstance(known[0], Maps):
            self._values[op.name] = self._pooled(known[0], op)
        elif isinstance(op, Pool2D) and op.kind == "max" and isinstance(known[0], Sums) and ends_binary(self.graph, op):
            self._values[op.name] = replace(known[0], pools=(*known[0].pools, op))
        elif isinstance(op, Binarize) and isinstance(known[0], Sums | Maps):
            sums = known[0] if isinstance(known[0], Sums) else Sums(op.inputs)
            self._values[op.name] = self._binarized(sums, op)
        elif isinstance(op, Multiply) and can_be_multiplied(known):
            self._values[op.name] = multiplied(self.code, self.constants, known)
        elif isinstance(op, Affine) and isinstance(known[0], Maps) and _is_constant_sign(op):
            self._values[op.name] = constant(self.code, self.constants, known[0].layout, op.bias)
        elif isinstance(op, Add) and ends_binary(self.graph, op) and can_be_added(self.graph, self._values, op):
            self._values[op.name] = Sums(op.inputs)
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

    def _lower_before(self, op: Op) -> None:
        """Takes the first one-bit value behind the input to the array."""
        if isinstance(op, Weighted):
            bits = self.graph.input_bits(op)
            raise UnsupportedError(
                f"'{op.name}' reads values of {bits} bits; the array multiplies 1-bit ones: quantize its input."
            )
        if self.graph.bits(op.name) > 1 or len(op.shape) != 3 or is_encoded_again(self.graph, op, self.tail):
            self._before.add(op.name)
            return
        if isinstance(op, Quantize) and not np.array_equal(op.levels, (-1, 1)):
            low, high = op.levels
            raise UnsupportedError(f"'{op.name}' gives {low:g} and {high:g}; the array takes -1 and 1: use a sign.")
        source = chosen_input(self.graph, op, self.sensor, self._placement, self.pixel_range)
        self.inputs.append(source)
        self._values[op.name] = source.emit(self.code, self.constants)

    def _cleaned(self, term: Term) -> Term:
        """The same term; its maps are kept with 0 beyond if it reads there."""
        if not term.layer.reads_beyond:
            return term
        (name,) = term.layer.op.inputs
        maps = self._values[name] = term.maps.cleaned(self.code, self.constants)
        return replace(term, maps=maps)

    def _pooled(self, maps: Maps, op: Pool2D) -> Maps:
        if np.any(pool_pads(op, maps.layout)):
            maps = maps.cleaned(self.code, self.constants)
        return pooled(self.code, self.constants, maps, op)

    def _binarized(self, sums: Sums, op: Binarize) -> Maps:
        threshold, flip = _threshold(op)
        signs = np.where(flip, -1, 1)
        finest = 2**FINEST_FRACTION  # of the weights of one-bit maps
        above = np.where(flip, (np.floor(threshold * finest) + 1) / finest, threshold)
        if not sums.pools:
            return self._reached(sums, signs, threshold * signs, op)
        maps = self._reached(sums, 1, above, op)
        for pool in sums.pools:
            maps = self._pooled(maps, pool)
        return inverted(self.code, self.constants, maps, flip)

    def _reached(self, sums: Sums, signs: np.ndarray | int, wanted: np.ndarray, op: Binarize) -> Maps:
        """1 where the sums times ``signs`` reach ``wanted`` ``[channels]``."""
        added = terms(self.graph, self._values, sums.names, signs)
        if added is None:
            raise UnsupportedError(
                f"'{op.name}' behind '{sums.names[0]}' changes its sign more than once, which no threshold does."
            )
        layers = [term.layer.op.name for term in added if not term.is_signs]
        with self.code.section(layers[-1] if layers else op.name):
            added = [self._cleaned(term) for term in added]
            schedule = most_frugal(self.schedules[name] for name in layers)
            total, limits = fewest_words(self.code, list(forms(added, wanted, common_layout(added))), schedule)
            if schedule.is_analog and (alone := total.only_layer) is not None:
                plan = accumulation(alone.layer, total.counts(limits), self.sensor)
                if plan is not None:
                    self.accumulations[alone.layer.op.name] = plan
                    return accumulated(self.code, self.constants, alone.maps, alone.layer, plan, schedule)
            return binarized(self.code, self.constants, total, limits, schedule)

    def _read(self, name: str) -> None:
        value = self._values[name]
        offsets = None
        if isinstance(value, Sums):
            op = self.graph[name]
            source = self.graph[op.inputs[0]]
            with self.code.section(name):
                ones = np.ones(op.shape[-1])
                term = self._cleaned(Term.of_sums(self._values[source.name], op, source.shape, ones))
                total = Sum(term.layout, (term,))
                value = counted(self.code, self.constants, total, self.schedules[name])
            offsets = value.offsets
        planes = [bits if isinstance(bits, tuple) else (bits,) for bits in value.planes]
        names = []
        for index, bits in enumerate(planes):
            names.append(tuple(f"{_word(name)}_{index}_{bit}" for bit in range(len(bits))))
            for plane, result in zip(bits, names[-1], strict=True):
                self.code.call("read_plane", plane, result=result)
        self.outputs.append(Output(name, value.layout, tuple(names), offsets))


def _threshold(op: Binarize) -> tuple[np.ndarray, np.ndarray]:
    """Threshold and flip of each channel."""
    threshold = np.broadcast_to(np.asarray(op.threshold, np.float64), op.shape)
    if (threshold != threshold[0, 0]).any():
        raise UnsupportedError(f"'{op.name}' has thresholds of each pixel's own, which are not folded yet.")
    flip = np.zeros(op.shape[-1], bool) if op.flip is None else np.broadcast_to(op.flip, op.shape[-1:])
    return threshold[0, 0], flip


def _is_constant_sign(op: Affine) -> bool:
    return not op.scale.any() and bool((np.abs(op.bias) == 1).all()) and op.bias.ndim == 1


def _word(name: str) -> str:
    return "".join(letter if letter.isalnum() else "_" for letter in name)
