"""What to say where a converted network computes something else than the Keras model."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from larq_focal.deploy.agreement import Agreement, Data, one_sample, output_steps
from larq_focal.deploy.converted import BINARY_CONVOLUTION
from larq_focal.deploy.findings import Finding
from larq_focal.deploy.frozen import FrozenGraph, NodeDef
from larq_focal.deploy.lowering import is_sign
from larq_focal.network.flatbuffer import FlatModel

_FEW = 0.05
_SLIGHT = 0.05
"""Rounding can have done it where this part of the samples differs, or where all differ by this part of the outputs."""

_LOOKED_AT = 8
_ROUNDING = 1e-5
_COMPARISONS = ("GreaterEqual", "Greater", "Less", "LessEqual")
_SATURATED = 0.999


def disagreement(agreement: Agreement, frozen: FrozenGraph, model: FlatModel, data: Data) -> Iterator[Finding]:
    """A finding where samples differ: a warning if they are few and rounding can have done it, else an error."""
    if not agreement.differing:
        return
    differing = agreement.differing
    message = (
        f"{len(differing)} of {agreement.samples} samples differ from Keras by more than {agreement.tolerance:.2g}, at "
        f"most by {agreement.max_abs_difference:.3g} on outputs up to {agreement.max_abs_output:.3g}; "
        f"{agreement.same_class} have the same class."
    )
    is_few = len(differing) <= max(1, _FEW * agreement.samples)
    if output_steps(model):
        mend = "Train longer for int8, or give more representative samples."
        yield Finding("disagreement", "warning" if is_few else "error", "", message, mend)
        return
    ties = [_ties(frozen, one_sample(data, index)) for index in differing[:_LOOKED_AT]]
    exact, near = ties[0]
    is_slight = agreement.max_abs_difference <= _SLIGHT * agreement.max_abs_output
    is_rounding = (is_few or is_slight) and all(near > 0 for _, near in ties)
    if exact and _pads_with_zeros(model):
        message += (
            f" In sample {differing[0]}, {exact} values lie exactly on the threshold of a quantizer. Larq Compute "
            "Engine corrects zero padding after the count, with rounding, so that such ties may fall on the other side."
        )
        mend = (
            "Train the model first, or give its normalisations statistics: fresh ones leave whole sums, many of them "
            "0. Or use pad_values=1, with which the sums are exact."
        )
    elif near:
        message += (
            f" In sample {differing[0]}, {near} values lie within rounding of the threshold of a quantizer, so that "
            "they may fall on the other side."
        )
        mend = "" if is_rounding else "Rounding does not explain so much: do not use the file."
    else:
        mend = "No value lies within rounding of a threshold, so the cause is not known: do not use the file."
    yield Finding("disagreement", "warning" if is_rounding else "error", "", message, mend)


def saturation(frozen: FrozenGraph, expected: np.ndarray) -> Iterator[Finding]:
    """A note where a softmax is so sure of itself that its outputs show little of the network."""
    (tensor, *others) = frozen.outputs.values()
    if others or frozen.source(tensor).op != "Softmax":
        return
    saturated = int(np.sum(expected.reshape(len(expected), -1).max(axis=1) > _SATURATED))
    if 2 * saturated > len(expected):
        yield Finding(
            "saturated-outputs",
            "note",
            "",
            f"In {saturated} of {len(expected)} samples the softmax gives one class more than {_SATURATED:.1%}, so "
            "that differences before it hardly show.",
            "Compare on real data, or convert the model without its softmax.",
        )


def _pads_with_zeros(model: FlatModel) -> bool:
    same, zero = 0, 0
    return any(
        operator.kind == BINARY_CONVOLUTION
        and operator.options["padding"] == same
        and operator.options["pad_values"] == zero
        for operator in model.operators
    )


def _ties(frozen: FrozenGraph, sample: Data) -> tuple[int, int]:
    """Values of a sample that lie exactly on a quantizer's threshold, and that lie within rounding of it."""
    compared = [
        operands
        for node in frozen.graph_def.node
        if node.op in ("Sign", "Select", "SelectV2")
        and not frozen.is_constant(node.name)
        and is_sign(frozen, node.name)
        if (operands := _compared(frozen, node)) is not None
    ]
    exact = near = 0
    for operands in compared:
        values = frozen.values(operands, sample)
        distance = np.abs(np.subtract(*values)) if len(values) == 2 else np.abs(values[0])
        exact += int(np.sum(distance == 0))
        near += int(np.sum(distance <= _ROUNDING * np.abs(values[0]).max()))
    return exact, near


def _compared(frozen: FrozenGraph, node: NodeDef) -> list[str] | None:
    """What a sign compares: one tensor with 0, or two with one another; None where it is not one comparison."""
    if node.op == "Sign":
        added = frozen.source(node.input[0])
        (inner,) = (source for tensor in added.input if (source := frozen.source(tensor)).op == "Sign")
        return [inner.input[0]]
    condition = frozen.source(node.input[0])
    while condition.op == "LogicalNot":
        condition = frozen.source(condition.input[0])
    return list(condition.input[:2]) if condition.op in _COMPARISONS else None
