"""A network as a program in C: functions, tables, and the plan of its arena."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import singledispatch

import numpy as np

from larq_focal.mcu.emit.elements import write_concat, write_elementwise, write_join, write_pad, write_slice
from larq_focal.mcu.emit.function import Function, Value
from larq_focal.mcu.emit.layers import write_layer
from larq_focal.mcu.emit.pools import write_pool
from larq_focal.mcu.emit.text import Names, shape
from larq_focal.mcu.overlap import words_behind
from larq_focal.mcu.pieces import Pieces
from larq_focal.mcu.plan import Buffer, Plan, planned
from larq_focal.mcu.steps import ELEMENTWISE, Step, Steps, steps_of
from larq_focal.mcu.storage import BITS, Storage, storage_of, words_of
from larq_focal.mcu.whole import only_signs, whole_values
from larq_focal.network import ops
from larq_focal.network.graph import QuantGraph

_PORT_TYPES: dict[Storage, str] = {"u8": "uint8_t", "i8": "int8_t", "i16": "int16_t", "i32": "int32_t", "f32": "float"}
_DTYPES: dict[Storage, type[np.generic]] = {
    "u8": np.uint8,
    "i8": np.int8,
    "i16": np.int16,
    "i32": np.int32,
    "f32": np.float32,
}


@dataclass(frozen=True)
class Port:
    """An input or output: a parameter of the function that runs the network."""

    name: str
    value: Value

    @property
    def storage(self) -> Storage:
        """Signs come out as numbers."""
        return "i8" if self.value.storage == "bits" else self.value.storage

    @property
    def c_type(self) -> str:
        """Of an element, for the caller."""
        return _PORT_TYPES[self.storage]

    @property
    def bytes(self) -> int:
        return self.value.elements * BITS[self.storage] // 8

    @property
    def dtype(self) -> type[np.generic]:
        """NumPy's name of the type."""
        return _DTYPES[self.storage]


@dataclass(frozen=True)
class Program:
    """What is written, before it is text.

    Attributes:
        graph: the network, as it is computed.
        functions: one for each step.
        inputs, outputs: the parameters.
        plan: the places of the values in the arena, and of scratch memory as "function/name".
        buffers: what has these places.
        pieces: the kernels.
        direct: values that are written to the memory of the caller, by the number of the output.
        input_in_arena: whether the caller writes inputs into the arena, where they may be overwritten.
        stored_as: by the name of a value, that under which it is stored.
    """

    graph: QuantGraph
    functions: tuple[Function, ...]
    inputs: tuple[Port, ...]
    outputs: tuple[Port, ...]
    plan: Plan
    buffers: tuple[Buffer, ...]
    pieces: Pieces
    direct: Mapping[str, int]
    stored_as: Mapping[str, str]
    input_in_arena: bool


def program_of(graph: QuantGraph, target: str, *, input_in_arena: bool = False) -> Program:
    """The program that computes a lowered graph."""
    steps, names, pieces = steps_of(graph), Names(), Pieces(target)
    ranges, signs = whole_values(graph), only_signs(graph)

    def value(name: str) -> Value:
        op = graph[name]
        return Value(name, tuple(op.shape), storage_of(ranges[name], signs[name]), ranges[name])

    functions = []
    for step in steps.steps:
        sources = tuple(_seen(value(stored), graph, step, n) for n, stored in enumerate(step.inputs))
        target_value = value(step.result.name)
        says = _says(step, sources, target_value)
        named = step.op if isinstance(step.op, ops.Linear) else step.result
        function = Function(names(named.name), says, step, sources, target_value, pieces, names, ranges)
        write_step(step.op, step, function)
        functions.append(function)
    inputs = tuple(Port(_port(op.name, "input", names), value(op.name)) for op in graph.inputs)
    outputs = tuple(Port(_port(name, "output", names), value(name)) for name in graph.outputs)
    direct = _direct(graph, steps, functions)
    buffers = _buffers(graph, steps, functions, direct, input_in_arena)
    behind = _behind(functions, buffers)
    return Program(
        graph,
        tuple(functions),
        inputs,
        outputs,
        planned(buffers, behind),
        tuple(buffers),
        pieces,
        direct,
        steps.stored_as,
        input_in_arena,
    )


def _port(name: str, kind: str, names: Names) -> str:
    return names(f"{kind}_{name}" if not name.lower().startswith(kind) else name)


def _seen(value: Value, graph: QuantGraph, step: Step, number: int) -> Value:
    """A stored value in the shape in which a step reads it, which reshapes may have changed."""
    reads = (step.padding or step.op).inputs[number]
    return Value(value.name, tuple(graph[reads].shape), value.storage, value.whole)


@singledispatch
def write_step(op: ops.Op, step: Step, function: Function) -> None:
    """Writes what computes ``step``, which begins with ``op``."""
    raise TypeError(f"'{op.name}' is a {type(op).__name__}, which is not written in C.")


for _kind in ELEMENTWISE:
    write_step.register(_kind)(lambda op, step, function: write_elementwise(step, function))
write_step.register(ops.Linear)(lambda op, step, function: write_layer(step, function))
for _kinds, _write in {
    (ops.Pool2D, ops.GlobalPool): write_pool,
    (ops.Add, ops.Multiply): write_join,
    (ops.Concat,): write_concat,
    (ops.Pad,): write_pad,
    (ops.Slice,): write_slice,
}.items():
    for _kind in _kinds:
        write_step.register(_kind)(lambda op, step, function, _write=_write: _write(step, function))


def _says(step: Step, sources: tuple[Value, ...], target: Value) -> str:
    chain = "".join(f", then {_kind_of(op)}" for op in [*step.ops][1:])
    reads = " and ".join(f"{shape(v.shape)} {v.storage}" for v in sources)
    return f"{step.result.name}: {_kind_of(step.op)}{chain}; {reads} to {shape(target.shape)} {target.storage}"


def _kind_of(op: ops.Op) -> str:
    if isinstance(op, ops.Conv2D):
        kind = "depthwise convolution" if op.is_depthwise else "convolution"
        rows, columns = op.kernel.shape[:2]
        return f"{rows}x{columns} {kind} by {_width(op)}"
    if isinstance(op, ops.Dense):
        return f"dense layer by {_width(op)}"
    return f"{op.kind} {type(op).__name__}" if hasattr(op, "kind") else type(op).__name__


def _width(op: ops.Linear) -> str:
    return {1: "signs", 32: "floats"}.get(op.kernel.bits, f"weights of {op.kernel.bits} bits")


def _direct(graph: QuantGraph, steps: Steps, functions: list[Function]) -> dict[str, int]:
    """Values that nothing but one output needs, which are computed where the caller wants them."""
    read = {name for step in steps.steps for name in step.inputs}
    outputs = [steps.stored_as[name] for name in graph.outputs]
    return {
        function.target.name: outputs.index(function.target.name)
        for function in functions
        if outputs.count(function.target.name) == 1
        and function.target.name not in read
        and function.target.storage != "bits"
    }


def _buffers(graph, steps: Steps, functions: list[Function], direct, input_in_arena: bool) -> list[Buffer]:
    last = {steps.stored_as[name]: len(functions) for name in graph.outputs}
    for number, step in reversed([*enumerate(steps.steps)]):
        for name in step.inputs:
            last.setdefault(name, number)
    buffers = []
    if input_in_arena:
        for op in graph.inputs:
            words = words_of(op.shape, "u8" if op.takes_bytes else "f32")
            buffers.append(Buffer(op.name, words, 0, last.get(op.name, 0)))
    for number, function in enumerate(functions):
        value = function.target
        if value.name not in direct:
            words = words_of(value.shape, value.storage)
            buffers.append(Buffer(value.name, words, number, last.get(value.name, number)))
        for scratch in function.scratches:
            buffers.append(Buffer(f"{function.name}/{scratch.name}", scratch.words, number, number))
    return buffers


def _behind(functions: list[Function], buffers: list[Buffer]) -> dict[tuple[str, str], int]:
    """Which results may lie over a source of theirs that nobody needs any more."""
    last = {buffer.name: buffer.last for buffer in buffers}
    result = {}
    for number, function in enumerate(functions):
        for n, source in enumerate(function.sources):
            dies = function.target.name in last and last.get(source.name) == number
            if dies and (words := words_behind(function, n)) is not None:
                result[function.target.name, source.name] = words
    return result
