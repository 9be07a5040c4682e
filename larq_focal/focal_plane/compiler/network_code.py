"""A network as code on planes: what runs on the array, in order, and what is left to the controller."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import numpy as np

from larq_focal.focal_plane.compiler.backend.virtual import Code
from larq_focal.focal_plane.compiler.controller_part import on_controller
from larq_focal.focal_plane.compiler.emission import Emission
from larq_focal.focal_plane.compiler.input_stage.inputs import ArrayInput, chosen_input, is_encoded_again
from larq_focal.focal_plane.compiler.layers.accumulation import Accumulation
from larq_focal.focal_plane.compiler.layers.count_schedule import CountSchedule
from larq_focal.focal_plane.compiler.layers.dense import Scores, scored
from larq_focal.focal_plane.compiler.layers.sums import Sum, Term, counted
from larq_focal.focal_plane.compiler.operation_code import cleaned, emitted
from larq_focal.focal_plane.compiler.outputs import Output
from larq_focal.focal_plane.compiler.placement.layout import Layout
from larq_focal.focal_plane.compiler.placement.maps import Maps
from larq_focal.focal_plane.compiler.placement.patterns import Constants
from larq_focal.focal_plane.compiler.placement.pitch import base_pitch
from larq_focal.focal_plane.compiler.placement.tiles import tiles_for
from larq_focal.focal_plane.compiler.terms import Uncounted
from larq_focal.focal_plane.compiler.unsupported import NotJudgedError, UnsupportedError
from larq_focal.focal_plane.sensor import Sensor
from larq_focal.focal_plane.time_limit import NO_LIMIT, TimeLimit
from larq_focal.network.graph import QuantGraph
from larq_focal.network.ops import Dense, Input, Op, Quantize, Reshape, Unknown, Weighted


class NetworkCode:
    """The code of the array's part of a network.

    Args:
        graph: the network in its array form.
        sensor: where it will run.
        schedules: how each layer is counted.
        pixel_range: the network's input values for no light and for the brightest.
        dense_on_array: how dense layers over one-bit maps are counted on the array; None where they do not run there.
        is_tiled: whether maps lie in tiles, and not in blocks.
        swaps_kernels: whether its kernels may be swapped in the store within the frame.
        limit: asked now and then.
        state: by a one-bit value at the inputs that stays on the array, the value that it is in the next frame.

    Raises:
        UnsupportedError: a layer that the array cannot run.
    """

    def __init__(
        self,
        graph: QuantGraph,
        sensor: Sensor,
        *,
        schedules: Mapping[str, CountSchedule],
        pixel_range: tuple[float, float],
        dense_on_array: str | None = None,
        is_tiled: bool = False,
        swaps_kernels: bool = False,
        limit: TimeLimit = NO_LIMIT,
        state: Mapping[str, str] | None = None,
    ):
        self._graph, self._sensor = graph, sensor
        self.swaps_kernels = swaps_kernels
        self._pixel_range, self._dense_on_array = pixel_range, dense_on_array
        self._placement = (tiles_for if is_tiled else base_pitch)(graph, sensor)
        self._before: set[str] = set()  # real values on the way from the input to its one-bit maps
        self._state = dict(state or {})
        self._stays: set[str] = set()
        self.state_registers = dict(zip(self._state, reversed(sensor.digital.free), strict=False))
        self.code = Code(sensor, tuple(self.state_registers.values()), limit)
        self.constants = Constants(self.code)
        self.inputs: list[ArrayInput] = []
        self.outputs: list[Output] = []
        self.scores: list[Scores] = []
        self._emission = Emission(graph, sensor, schedules, self.code, self.constants, on_controller(graph))
        self._values = self._emission.values
        self._emit_network()

    @property
    def tail(self) -> set[str]:
        """Names of the operations that are left to the controller."""
        return self._emission.tail

    @property
    def accumulations(self) -> dict[str, Accumulation]:
        """The layers that are counted by charges, by their names."""
        return self._emission.accumulations

    @property
    def layouts(self) -> dict[str, Layout]:
        """Where the one-bit maps that have been emitted lie."""
        return {name: value.layout for name, value in self._values.items() if isinstance(value, Maps)}

    def _emit_network(self) -> None:
        for op in self._graph:
            with self.code.section(op.name):
                self._emit(op)
        if not self._values:
            raise NotJudgedError(f"'{self._graph.name}' has no one-bit maps that the array could work on.")
        for name in self._read_by_controller():
            if name in self._values:
                with self.code.section("read out"):
                    self._read(name)
        with self.code.section("keep"):
            for name, following in self._state.items():
                self._keep(name, following)

    def _read_by_controller(self) -> list[str]:
        """Outputs of the network and what operations on the controller need for them; other operations are dropped."""
        wanted = dict.fromkeys(self._graph.outputs)
        for op in reversed(self._graph.ops):
            if op.name in self.tail and op.name in wanted:
                wanted |= dict.fromkeys(op.inputs)
        self.tail.intersection_update(wanted)
        return list(wanted)

    def _emit(self, op: Op) -> None:
        if isinstance(op, Unknown):
            raise NotJudgedError(f"'{op.name}': {op.kind} is not understood, and was not judged")
        if self._dense_on_array and isinstance(op, Dense) and (maps := self._flattened(op)):
            self.scores.append(scored(self.code, self.constants, maps, op, _word(op.name), self._dense_on_array))
            self.tail.discard(op.name)
        elif op.name in self.tail:
            pass
        elif isinstance(op, Input) or (op.inputs and all(name in self._before for name in op.inputs)):
            self._emit_before(op)
        elif (value := emitted(op, self._emission)) is not None:
            self._values[op.name] = value
        else:
            self.tail.add(op.name)

    def _flattened(self, op: Dense) -> Maps | None:
        """The one-bit maps that a binary or ternary dense layer reads flattened."""
        source = self._graph[op.inputs[0]]
        if not isinstance(source, Reshape) or op.kernel.bits > 2 or np.abs(op.kernel.codes).max() > 1:
            return None
        maps = self._values.get(source.inputs[0])
        return maps if isinstance(maps, Maps) and len(source.shape) == 1 else None

    def _emit_before(self, op: Op) -> None:
        """Takes the first one-bit value behind the input to the array."""
        if isinstance(op, Weighted):
            bits = self._graph.input_bits(op)
            raise UnsupportedError(
                f"'{op.name}' reads values of {bits} bits; the array multiplies 1-bit ones: quantize its input."
            )
        if self._graph.bits(op.name) > 1 or len(op.shape) != 3 or is_encoded_again(self._graph, op, self.tail):
            self._before.add(op.name)
            return
        if isinstance(op, Quantize) and not np.array_equal(op.levels, (-1, 1)):
            low, high = op.levels
            raise UnsupportedError(f"'{op.name}' gives {low:g} and {high:g}; the array takes -1 and 1: use a sign.")
        source = chosen_input(self._graph, op, self._sensor, self._placement, self._pixel_range)
        if op.name in self.state_registers:
            kept = self.code.either(self.state_registers[op.name])
            self._values[op.name] = Maps(source.layout, (kept,))
            self._stays.add(op.name)
            return
        self.inputs.append(source)
        self._values[op.name] = source.emit(self.code, self.constants)

    def _keep(self, name: str, following: str) -> None:
        """Leaves the value ``following`` where the next frame takes ``name`` from."""
        now, then = self._values.get(name), self._values.get(following)
        if not isinstance(now, Maps) or not isinstance(then, Maps) or name not in self._stays:
            raise UnsupportedError(
                f"'{name}' cannot stay on the array as '{following}': both must be its one-bit maps, and the first "
                "what the array takes of an input."
            )
        if now.layout.planes > 1 or replace(then.layout, is_spread=False) != replace(now.layout, is_spread=False):
            raise UnsupportedError(f"'{following}' lies elsewhere than '{name}', which it is in the next frame.")
        self.code.emit("MOV", self.state_registers[name], then.planes[0])

    def _read(self, name: str) -> None:
        value = self._values[name]
        offsets = None
        if isinstance(value, Uncounted):
            op = self._graph[name]
            source = self._graph[op.inputs[0]]
            with self.code.section(name):
                ones = np.ones(op.shape[-1])
                term = cleaned(self._emission, Term.of_sums(self._values[source.name], op, source.shape, ones))
                total = Sum(term.layout, (term,))
                value = counted(self.code, self.constants, total, self._emission.schedules[name])
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
