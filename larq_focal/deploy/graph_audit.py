"""The audit of a file that was written from a QuantGraph: the file read and run again, against the interpreter."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Literal

import numpy as np
from rich.console import Group
from rich.text import Text

from larq_focal.deploy.constant_input import FIX, constant_input
from larq_focal.deploy.int8_rest import Int8Loss
from larq_focal.deploy.runtime import Runtime
from larq_focal.network import ops
from larq_focal.network.bounds import bounds
from larq_focal.network.graph import QuantGraph
from larq_focal.network.interpret import interpret
from larq_focal.network.passes import lower
from larq_focal.network.passes.packable import is_packable
from larq_focal.network.passes.packing_reasons import why_not_packed
from larq_focal.network.tflite.flatbuffer import read_flatbuffer
from larq_focal.network.tflite.write.weights import arranged
from larq_focal.result import Result
from larq_focal.tables import add_figures, add_name, add_words, new_table

SAMPLES = 4
"""Random ones to compare on."""
TOLERANCE = 1e-5
"""A sample agrees if no output differs by more than this part of the largest one."""
_CHANGE = 3e-6
_ROUNDING = 2**-23
_TRIALS = 8
_FACTOR = 4
"""Rounding explains a difference of up to this many times what a change of a few in a million does to the network."""
_STEP_PART = 0.25
"""Of a step of int8: engines may round to another integer than the nearest."""
_FEW_BITS = 8
_INT8_KINDS = ("CONV_2D", "DEPTHWISE_CONV_2D", "FULLY_CONNECTED")

Data = Mapping[str, np.ndarray]


@dataclass(frozen=True)
class GraphLayer:
    """One layer.

    Args:
        layer: its name in the graph.
        kind: "Conv2D" or "Dense".
        intended: by its quantizers if it has some, else by its values: one bit by one bit, a few, or float.
        became: what its products are in the file.
        weights: number of weights.
        reason: why it is not packed, "" if it is or was not meant to be.
    """

    layer: str
    kind: str
    intended: Literal["binary", "few-bit", "float"]
    became: Literal["packed", "int8", "float"]
    weights: int
    reason: str = ""


@dataclass(frozen=True, repr=False)
class GraphAudit(Result):
    """What became of a graph in a file.

    Args:
        network: the graph's name.
        file_bytes: size of the file.
        layers: one row for each layer.
        samples: how many were compared with the interpreter.
        differing: how many differ by more than the tolerance.
        same_class: samples in which the largest output is the same.
        max_abs_difference: over all samples and outputs.
        max_abs_output: of the interpreter, likewise.
        sensitivity: how far the interpreter's outputs move when inputs and float weights change by a few millionths,
            and the results of packed layers by their rounding; measured where samples differ, else 0.
        warnings: what is wrong with the network itself.
        int8: what int8 costs, where the rest is in it. The file is compared with the interpreter of the rounded network
            then, and this tells how far that is from the network itself.
    """

    network: str
    file_bytes: int
    layers: tuple[GraphLayer, ...]
    samples: int
    differing: int
    same_class: int
    max_abs_difference: float
    max_abs_output: float
    sensitivity: float
    warnings: tuple[str, ...] = ()
    int8: Int8Loss | None = None

    @property
    def headline(self) -> str:
        packed, integer = (sum(row.became == form for row in self.layers) for form in ("packed", "int8"))
        verdict = "passed" if self.passed else "failed"
        forms = f"{packed} of {len(self.layers)} layers packed" + (f", {integer} in int8" if integer else "")
        return f"{self.network}, {self.file_bytes:,} bytes, {forms}, {verdict}"

    @property
    def passed(self) -> bool:
        """Whether the file computes what the graph computes, but for what rounding decides at thresholds."""
        return not self.differing or self.max_abs_difference <= _FACTOR * self.sensitivity

    @property
    def not_as_intended(self) -> tuple[GraphLayer, ...]:
        """Layers that were meant to be binary or of few bits and stayed float."""
        return tuple(row for row in self.layers if row.intended != "float" and row.became == "float")

    @property
    def difference(self) -> str:
        """What was compared, in a sentence."""
        text = (
            f"{self.samples - self.differing} of {self.samples} random samples agree with the interpreter "
            f"(largest difference {self.max_abs_difference:.2g} on outputs up to {self.max_abs_output:.3g})."
        )
        if not self.differing:
            return text
        return (
            f"{text} The interpreter itself moves by up to {self.sensitivity:.3g} when inputs and weights change by a "
            "few millionths" + ("." if not self.passed else ": rounding decides at its thresholds.")
        )

    def to_dict(self) -> dict:
        """Plain values for JSON."""
        return {**asdict(self), "passed": self.passed}

    def __rich__(self) -> Group:
        """The rows, then the agreement, then why layers are not what was meant, then the warnings."""
        table = new_table(f"What became of {self.network}")
        add_name(table, "layer")
        add_words(table, "meant", "became")
        add_figures(table, "weights")
        for row in self.layers:
            table.add_row(Text(row.layer), row.intended, row.became, f"{row.weights:,}")
        loss = "" if self.int8 is None else f"\n{self.int8}"
        totals = Text(f"\nFile: {self.file_bytes:,} bytes.\n{self.difference}{loss}")
        warnings = (Text.assemble("\n", ("warning: ", "yellow"), warning) for warning in self.warnings)
        return Group(table, totals, *self._reasons(), *warnings)

    def _reasons(self) -> Iterator[Text]:
        """Why layers are not packed; those of one reason share a paragraph."""
        layers: dict[str, list[str]] = {}
        for row in self.layers:
            if row.reason:
                layers.setdefault(row.reason, []).append(row.layer)
        for reason, names in layers.items():
            yield Text.assemble("\n", (", ".join(names), "bold"), f": {reason}.")


def audit_graph(
    graph: QuantGraph,
    content: bytes,
    data: Data | None = None,
    seed: int = 0,
    *,
    rounded: QuantGraph | None = None,
    int8: Int8Loss | None = None,
) -> GraphAudit:
    """Reads and runs the file again.

    Args:
        graph: what was written.
        content: the file.
        data: arrays ``[N, ...]`` by input name; None takes a few random ones.
        seed: of the random ones.
        rounded: what the file computes, where the rest of ``graph`` was rounded to int8.
        int8: what that costs.

    Raises:
        EngineError: the file does not run.
        ValueError: the data does not fit the network.
    """
    inputs = random_samples(graph, seed) if data is None else dict(data)
    lowered = lower(graph) if rounded is None else rounded
    expected = _interpreted(graph if rounded is None else rounded, inputs)
    outputs = Runtime(content).run(inputs)
    actual = list(outputs) if isinstance(outputs, tuple) else [outputs]
    samples = len(next(iter(inputs.values())))
    rows = [(a.reshape(samples, -1), b.reshape(samples, -1)) for a, b in zip(expected, actual, strict=True)]
    differences = np.max([np.abs(a - b).max(1, initial=0) for a, b in rows], axis=0)
    largest = max(float(np.abs(a).max(initial=0)) for a, _ in rows)
    differing = ~(differences <= TOLERANCE * max(largest, 1e-6))
    return GraphAudit(
        network=graph.name,
        file_bytes=len(content),
        layers=tuple(_rows(graph, lowered, content)),
        samples=samples,
        differing=int(differing.sum()),
        same_class=int(np.all([a.argmax(1) == b.argmax(1) for a, b in rows], axis=0).sum()),
        max_abs_difference=float(differences.max()),
        max_abs_output=largest,
        sensitivity=_sensitivity(lowered, inputs, np.flatnonzero(differing), float(differences.max()), seed),
        warnings=tuple(_constant_inputs(graph)),
        int8=int8,
    )


def _constant_inputs(graph: QuantGraph) -> Iterator[str]:
    for name, (low, high) in bounds(graph):
        if np.array_equal(low, high):
            for op in graph.consumers(name):
                if isinstance(op, ops.Weighted):
                    yield f"{op.name}: {constant_input(low)} {FIX}"


def random_samples(graph: QuantGraph, seed: int) -> dict[str, np.ndarray]:
    """Standard normal numbers, or bytes where an input takes these."""
    random = np.random.default_rng(seed)
    return {
        op.name: random.integers(0, 256, (SAMPLES, *op.shape)).astype(np.uint8)
        if op.bits == 8
        else random.standard_normal((SAMPLES, *op.shape), np.float32)
        for op in graph.inputs
    }


def _interpreted(graph: QuantGraph, inputs: Data) -> list[np.ndarray]:
    values = interpret(graph, {name: np.asarray(array, np.float32) for name, array in inputs.items()}, graph.outputs)
    return [values[name] for name in graph.outputs]


def _sensitivity(lowered: QuantGraph, inputs: Data, samples: Sequence[int], difference: float, seed: int) -> float:
    """How far the outputs of ``samples`` move when inputs and float weights change by a few millionths.

    Looks no further than to where this explains ``difference``.
    """
    random, largest = np.random.default_rng(seed), 0.0

    def changed(array: np.ndarray) -> np.ndarray:
        return (array * (1 + _CHANGE * random.standard_normal(array.shape))).astype(np.float32)

    for sample in [index for index in samples for _ in range(_TRIALS)]:
        moved = lowered.rewritten(part for op in lowered for part in _moved(lowered, op, changed, random))
        given = {name: np.asarray(array[sample : sample + 1], np.float32) for name, array in inputs.items()}
        pair = _interpreted(lowered, given), _interpreted(moved, {name: changed(x) for name, x in given.items()})
        largest = max(largest, *(float(np.abs(a - b).max(initial=0)) for a, b in zip(*pair, strict=True)))
        if difference <= _FACTOR * largest:
            break
    return largest


def _moved(
    lowered: QuantGraph, op: ops.Op, changed: Callable[[np.ndarray], np.ndarray], random: np.random.Generator
) -> list[ops.Op]:
    """``op`` with changed normalisations and float weights; a rounding of numbers that are a part of a step off.

    A packed convolution counts differing bits: its sum is K - 2 * count, and the operator adds K * multiplier to the
    bias once, whose rounding is then in every result.
    Source: larq/compute-engine, ``core/bconv2d/output_transform.h``.
    """
    if isinstance(op, ops.Affine):
        bias, source = changed(op.bias), lowered[op.inputs[0]]
        if is_packable(lowered, source):
            whole = source.kernel.fan_in * op.scale
            bias = bias + (changed(whole) - whole) * np.float32(_ROUNDING / _CHANGE)
        return [replace(op, scale=changed(op.scale), bias=bias)]
    if isinstance(op, ops.Linear) and op.kernel.scale is None:
        return [replace(op, kernel=replace(op.kernel, codes=changed(op.kernel.codes)))]
    if isinstance(op, ops.UniformQuantize):
        ones = np.ones(op.shape, np.float32)
        shift = (op.scale * _STEP_PART * random.standard_normal(op.shape)).astype(np.float32)
        place = {"name": f"{op.name}/before rounding", "inputs": op.inputs, "shape": op.shape}
        before = ops.Affine(**place, mean=np.zeros_like(ones), scale=ones, bias=shift)
        return [before, replace(op, inputs=(before.name,))]
    return [op]


def _rows(graph: QuantGraph, lowered: QuantGraph, content: bytes) -> Iterator[GraphLayer]:
    packed, integer = _packed_layers(graph, lowered, content), int8_layers(graph, lowered, content)
    for op in graph.layers:
        intended = _intended(graph, op)
        is_plain = op.name in packed or op.name in integer or intended == "float"
        reason = "" if is_plain else why_not_packed(graph, op)
        yield GraphLayer(
            layer=op.name,
            kind=type(op).__name__,
            intended=intended,
            became="packed" if op.name in packed else "int8" if op.name in integer else "float",
            weights=op.kernel.size,
            reason="not known" if reason is None else reason,
        )


def _packed_layers(graph: QuantGraph, lowered: QuantGraph, content: bytes) -> set[str]:
    """The layers whose packed kernels are in the file: passes give what they make of a layer its name, and a suffix."""
    stored = {
        operator.inputs[1].data.tobytes()
        for operator in read_flatbuffer(content).operators
        if operator.kind == "LceBconv2d"
    }
    names = {op.name for op in graph.layers}
    return {
        layer
        for op in lowered.layers
        if is_packable(lowered, op)
        and (layer := _layer_of(op.name, names)) is not None
        and op.kernel.packed().tobytes() in stored
    }


def int8_layers(graph: QuantGraph, lowered: QuantGraph, content: bytes) -> set[str]:
    """The layers whose weights are in the file as int8: passes leave what they make of a layer its origin."""
    stored = {
        operator.inputs[1].data.tobytes()
        for operator in read_flatbuffer(content).operators
        if operator.kind in _INT8_KINDS and operator.inputs[1].dtype == "int8" and operator.inputs[1].is_constant
    }
    left: dict[str, list[str]] = {}
    for op in graph.layers:
        left.setdefault(op.origin, []).append(op.name)
    found: set[str] = set()
    for op in lowered.layers:
        names = left.get(op.origin, [])
        if names and not is_packable(lowered, op):
            name = op.name if op.name in names else names[0]
            names.remove(name)
            if op.kernel.bits <= 8 and arranged(op, op.kernel.codes).astype(np.int8).tobytes() in stored:
                found.add(name)
    return found


def _layer_of(name: str, layers: set[str]) -> str | None:
    while name and name not in layers:
        name = name.rpartition("/")[0]
    return name or None


def _intended(graph: QuantGraph, op: ops.Weighted) -> str:
    declared = [bits for bits in op.declared_bits if bits is not None]
    bits = declared if len(declared) == 2 else [graph.input_bits(op), op.kernel.bits]
    if max(bits) == 1:
        return "binary"
    return "few-bit" if max(bits) <= _FEW_BITS else "float"
