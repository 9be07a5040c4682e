"""The audit of a file that was written from a QuantGraph: the file read and run again, against what it was made of."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace

import numpy as np

from larq_focal.deploy.audit.agreement import Agreement, compare
from larq_focal.deploy.audit.findings import Finding
from larq_focal.deploy.audit.int8_loss import Int8Loss
from larq_focal.deploy.audit.layer_audit import Intent, LayerAudit
from larq_focal.deploy.audit.report import Audit
from larq_focal.deploy.constant_input import FIX, constant_input
from larq_focal.deploy.runtime import Runtime
from larq_focal.network import ops
from larq_focal.network.bounds import bounds
from larq_focal.network.graph import QuantGraph
from larq_focal.network.interpret import interpret
from larq_focal.network.kernel import FLOAT_BITS, Kernel
from larq_focal.network.packing import words_for
from larq_focal.network.passes import lower
from larq_focal.network.passes.packable import is_packable
from larq_focal.network.passes.packing_reasons import why_not_packed
from larq_focal.network.tflite.flatbuffer import FlatModel, read_flatbuffer
from larq_focal.network.tflite.write.weights import arranged

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
_OPERATORS_OF_INT8 = ("CONV_2D", "DEPTHWISE_CONV_2D", "FULLY_CONNECTED")
_PACKED = "LceBconv2d"
_OPERATORS = {
    ops.Dense: "FULLY_CONNECTED",
    ops.Conv2D: "CONV_2D",
    ops.Conv2DTranspose: "TRANSPOSE_CONV",
    ops.Conv3D: "CONV_3D",
    ops.LocallyConnected2D: "BATCH_MATMUL",
}

Data = Mapping[str, np.ndarray]
Compute = Callable[[Data], Sequence[np.ndarray]]


def audit_graph(
    graph: QuantGraph,
    content: bytes,
    data: Data | None = None,
    seed: int = 0,
    keras_outputs: Compute | None = None,
    *,
    rounded: QuantGraph | None = None,
    int8: Int8Loss | None = None,
) -> Audit:
    """Reads and runs a file again that was written from ``graph``.

    Args:
        graph: what was written.
        content: the file.
        data: arrays ``[N, ...]`` by input name; None takes a few random ones.
        seed: of the random ones.
        keras_outputs: computes what the file should give, for a Keras model that was read as ``graph``; None takes the
            interpreter.
        rounded: the graph that the file computes, where the rest of ``graph`` was rounded to int8.
        int8: what that costs.

    Raises:
        EngineError: the file does not run.
        ValueError: the data does not fit the network.
    """
    inputs = random_samples(graph, seed) if data is None else dict(data)
    file, lowered = read_flatbuffer(content), lower(graph) if rounded is None else rounded
    reference = "the interpreter" if keras_outputs is None else "Keras"
    computed = graph if rounded is None else rounded
    expected = _interpreted(computed, inputs) if keras_outputs is None else keras_outputs(inputs)
    outputs = Runtime(content).run(inputs)
    actual = list(outputs) if isinstance(outputs, tuple) else [outputs]
    is_rounded = rounded is not None
    agreement = compare(expected, actual, file, relative=TOLERANCE, reference=reference, rounds_alike=is_rounded)
    rows = tuple(_rows(graph, lowered, file))
    return Audit(
        network=graph.name,
        file_bytes=file.file_bytes,
        expected_bytes=file.file_bytes + sum(row.expected_bytes - row.bytes for row in rows),
        layers=rows,
        agreement=agreement,
        findings=(*_disagreement(agreement, lowered, inputs, seed), *_constant_inputs(graph)),
        int8=int8,
    )


def by_input(graph: QuantGraph, data) -> Data | None:
    """Samples that were given, by input name: one array is for the one input, a list in the order of the inputs."""
    if data is None or isinstance(data, Mapping):
        return data
    arrays = data if isinstance(data, list | tuple) else [data]
    names = [op.name for op in graph.inputs]
    if len(arrays) != len(names):
        raise ValueError(f"'{graph.name}' has the inputs {names}, but {len(arrays)} arrays were given.")
    return dict(zip(names, arrays, strict=True))


def random_samples(graph: QuantGraph, seed: int) -> dict[str, np.ndarray]:
    """Standard normal numbers; bytes where an input takes these, and row numbers where it selects rows of a table."""
    random = np.random.default_rng(seed)
    rows = selected_rows(graph)
    samples = {}
    for op in graph.inputs:
        shape = (SAMPLES, *op.shape)
        if op.name in rows:
            samples[op.name] = random.integers(0, rows[op.name], shape).astype(np.float32)
        elif op.bits == 8:
            samples[op.name] = random.integers(0, 256, shape).astype(np.uint8)
        else:
            samples[op.name] = random.standard_normal(shape, np.float32)
    return samples


def selected_rows(graph: QuantGraph) -> dict[str, int]:
    """The inputs that select rows of a table, with the number of its rows."""
    return {
        op.inputs[0]: op.kernel.shape[0]
        for op in graph
        if isinstance(op, ops.Embedding) and isinstance(graph[op.inputs[0]], ops.Input)
    }


def _interpreted(graph: QuantGraph, inputs: Data) -> list[np.ndarray]:
    values = interpret(graph, {name: np.asarray(array, np.float32) for name, array in inputs.items()}, graph.outputs)
    return [values[name] for name in graph.outputs]


def _constant_inputs(graph: QuantGraph) -> Iterator[Finding]:
    for name, (low, high) in bounds(graph):
        if np.array_equal(low, high):
            for op in graph.consumers(name):
                if isinstance(op, ops.Weighted):
                    yield Finding("constant-input", "warning", op.name, constant_input(low), FIX)


def _disagreement(agreement: Agreement, lowered: QuantGraph, inputs: Data, seed: int) -> Iterator[Finding]:
    """A finding where samples differ: a note if rounding can have done it, else an error."""
    if not agreement.differing:
        return
    message = (
        f"{agreement.samples - len(agreement.differing)} of {agreement.samples} samples agree with "
        f"{agreement.reference} (largest difference {agreement.max_abs_difference:.2g} on outputs up to "
        f"{agreement.max_abs_output:.3g})."
    )
    own = _sensitivity(lowered, inputs, agreement, seed)
    message += f" The network itself moves by up to {own:.3g} when inputs and weights change by a few millionths"
    is_explained = agreement.max_abs_difference <= _FACTOR * own
    yield Finding(
        "disagreement",
        "note" if is_explained else "error",
        "",
        f"{message}: rounding decides at its thresholds." if is_explained else f"{message}.",
    )


def _sensitivity(lowered: QuantGraph, inputs: Data, agreement: Agreement, seed: int) -> float:
    """How far the outputs of samples that differ move when inputs and float weights change by a few millionths.

    Looks no further than to where this explains the difference.
    """
    random, largest = np.random.default_rng(seed), 0.0

    def changed(array: np.ndarray) -> np.ndarray:
        return (array * (1 + _CHANGE * random.standard_normal(array.shape))).astype(np.float32)

    for sample in [index for index in agreement.differing for _ in range(_TRIALS)]:
        moved = lowered.rewritten(part for op in lowered for part in _moved(lowered, op, changed, random))
        given = {name: np.asarray(array[sample : sample + 1], np.float32) for name, array in inputs.items()}
        pair = _interpreted(lowered, given), _interpreted(moved, {name: changed(x) for name, x in given.items()})
        largest = max(largest, *(float(np.abs(a - b).max(initial=0)) for a, b in zip(*pair, strict=True)))
        if agreement.max_abs_difference <= _FACTOR * largest:
            break
    return largest


def _moved(
    lowered: QuantGraph, op: ops.Op, changed: Callable[[np.ndarray], np.ndarray], random: np.random.Generator
) -> list[ops.Op]:
    """``op`` with changed normalisations, weights and boundaries; a rounding of numbers that are a part of a step off.

    Sums under a scale are changed by their scale: whichever engine adds them in floats rounds them.

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
    if isinstance(op, ops.Linear):
        part = "codes" if op.kernel.scale is None else "scale"
        return [replace(op, kernel=replace(op.kernel, **{part: changed(getattr(op.kernel, part))}))]
    if isinstance(op, ops.Quantize):
        return [replace(op, boundaries=np.sort(changed(op.boundaries)))]
    if isinstance(op, ops.UniformQuantize):
        ones = np.ones(op.shape, np.float32)
        shift = (op.scale * _STEP_PART * random.standard_normal(op.shape)).astype(np.float32)
        place = {"name": f"{op.name}/before rounding", "inputs": op.inputs, "shape": op.shape}
        before = ops.Affine(**place, mean=np.zeros_like(ones), scale=ones, bias=shift)
        return [before, replace(op, inputs=(before.name,))]
    return [op]


def _rows(graph: QuantGraph, lowered: QuantGraph, file: FlatModel) -> Iterator[LayerAudit]:
    """One for each kernel: a layer that is called several times is packed if it is so in every call."""
    packed_bytes, integer = _packed_bytes(graph, lowered, file), _int8_layers(graph, lowered, file)
    calls: dict[int, list[ops.Weighted]] = {}
    for op in graph:
        if isinstance(op, ops.Weighted):
            calls.setdefault(id(op.kernel.codes), []).append(op)
    for op, *others in calls.values():
        intended = _intended(graph, op)
        floats = [call for call in (op, *others) if call.name not in packed_bytes]
        is_packed, is_int8 = not floats, all(call.name in integer for call in floats)
        is_fine = is_packed or intended == "float" or (is_int8 and intended == "few-bit")
        reason = None if is_fine else why_not_packed(graph, floats[0]) or "not known"
        yield LayerAudit(
            layer=op.name,
            kind=type(op).__name__,
            intended=intended,
            became="packed" if is_packed else "int8" if is_int8 else "float",
            operation=_PACKED if is_packed else _operator(op),
            weights=op.kernel.size,
            bytes=packed_bytes[op.name] if is_packed else op.kernel.size * (1 if is_int8 else 4),
            expected_bytes=_declared_bytes(op, intended, packed_bytes.get(op.name)),
            reason=reason or "",
        )


def _operator(op: ops.Weighted) -> str:
    is_depthwise = isinstance(op, ops.Conv2D) and op.is_depthwise
    return "DEPTHWISE_CONV_2D" if is_depthwise else _OPERATORS[type(op)]


def _packed_bytes(graph: QuantGraph, lowered: QuantGraph, file: FlatModel) -> dict[str, int]:
    """The layers whose packed kernels are in the file, with the bytes of these.

    Passes give what they make of a layer its name, and a suffix.
    """
    stored = {operator.inputs[1].data.tobytes() for operator in file.operators if operator.kind == _PACKED}
    names = {op.name for op in graph if isinstance(op, ops.Weighted)}
    found: dict[str, set[bytes]] = {}
    for op in lowered.layers:
        if is_packable(lowered, op) and (layer := _layer_of(op.name, names)) is not None:
            words = op.kernel.packed().tobytes()
            if words in stored:
                found.setdefault(layer, set()).add(words)
    return {layer: sum(map(len, words)) for layer, words in found.items()}


def _int8_layers(graph: QuantGraph, lowered: QuantGraph, file: FlatModel) -> set[str]:
    """The layers whose weights are in the file as int8: passes leave what they make of a layer its origin."""
    weights = [operator.inputs[1] for operator in file.operators if operator.kind in _OPERATORS_OF_INT8]
    stored = {tensor.data.tobytes() for tensor in weights if tensor.dtype == "int8" and tensor.is_constant}
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


def _intended(graph: QuantGraph, op: ops.Weighted) -> Intent:
    declared = [bits for bits in op.declared_bits if bits is not None]
    bits = declared if len(declared) == 2 else [graph.input_bits(op), op.kernel.bits]
    if max(bits) == 1:
        return "binary"
    return "few-bit" if max(bits) <= _FEW_BITS else "float"


def _declared_bytes(op: ops.Weighted, intended: Intent, packed_bytes: int | None) -> int:
    """What the kernel takes at the width that it was meant to have."""
    bits = op.declared_bits[1] or (FLOAT_BITS if intended == "float" else op.kernel.bits)
    if bits == FLOAT_BITS:
        return 4 * op.kernel.size
    if bits == 1:
        return _words_bytes(op.kernel) if packed_bytes is None else packed_bytes
    return -(-op.kernel.size * bits // 8)


def _words_bytes(kernel: Kernel) -> int:
    *window, channels, out = kernel.shape
    return 4 * int(np.prod(window)) * words_for(channels) * out
