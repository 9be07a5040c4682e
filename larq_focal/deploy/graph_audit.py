"""The audit of a file that was written from a QuantGraph: the file read and run again, against what it was made of."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

import numpy as np

from larq_focal.deploy.audit.agreement import Agreement, compare
from larq_focal.deploy.audit.findings import Finding
from larq_focal.deploy.audit.int8_loss import Int8Loss
from larq_focal.deploy.audit.report import Audit
from larq_focal.deploy.constant_input import FIX, constant_input
from larq_focal.deploy.graph_rows import layer_audits
from larq_focal.deploy.graph_samples import Data, random_samples
from larq_focal.deploy.rounding_sensitivity import FACTOR, interpreted_outputs, rounding_sensitivity
from larq_focal.deploy.runtime import Runtime
from larq_focal.network import ops
from larq_focal.network.bounds import bounds
from larq_focal.network.graph import QuantGraph
from larq_focal.network.passes import lower
from larq_focal.network.tflite.flatbuffer import read_flatbuffer

TOLERANCE = 1e-5
"""A sample agrees if no output differs by more than this part of the largest one."""
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
    expected = interpreted_outputs(computed, inputs) if keras_outputs is None else keras_outputs(inputs)
    actual = Runtime(content).outputs(inputs)
    is_rounded = rounded is not None
    agreement = compare(expected, actual, file, relative=TOLERANCE, reference=reference, rounds_alike=is_rounded)
    rows = tuple(layer_audits(graph, lowered, file))
    return Audit(
        network=graph.name,
        file_bytes=file.file_bytes,
        expected_bytes=file.file_bytes + sum(row.expected_bytes - row.bytes for row in rows),
        layers=rows,
        agreement=agreement,
        findings=(*_disagreement(agreement, lowered, inputs, seed), *_constant_inputs(graph)),
        int8=int8,
    )


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
    own = rounding_sensitivity(lowered, inputs, agreement, seed)
    message += f" The network itself moves by up to {own:.3g} when inputs and weights change by a few millionths"
    is_explained = agreement.max_abs_difference <= FACTOR * own
    yield Finding(
        "disagreement",
        "note" if is_explained else "error",
        "",
        f"{message}: rounding decides at its thresholds." if is_explained else f"{message}.",
    )
