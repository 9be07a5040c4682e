"""What to say where a converted network computes something else than the Keras model."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from larq_focal.deploy.audit.agreement import Agreement, output_steps
from larq_focal.deploy.audit.converted import BINARY_CONVOLUTION
from larq_focal.deploy.audit.findings import Finding
from larq_focal.deploy.audit.outputs import Data, one_call
from larq_focal.deploy.conversion.frozen import FrozenGraph, NodeDef
from larq_focal.deploy.conversion.lce_patterns import is_sign
from larq_focal.network.tflite.flatbuffer import FlatModel, Operator

_FEW = 0.05
"""Part of the samples of an int8 network that may differ: its values are rounded to steps after every layer."""

_LOOKED_AT = 8
_TRIALS = 8
_CHANGE = 1e-6
_FACTOR = 4
"""Rounding explains a difference of up to this many times what a change of one in a million does to the model."""

_COMPARISONS = ("GreaterEqual", "Greater", "Less", "LessEqual")
_SATURATED = 0.999


def disagreement(agreement: Agreement, frozen: FrozenGraph, model: FlatModel, data: Data) -> Iterator[Finding]:
    """A finding where samples differ: a warning if rounding can have done it, else an error."""
    if not agreement.differing:
        return
    message = (
        f"{len(agreement.differing)} of {agreement.samples} samples differ from Keras by more than "
        f"{agreement.tolerance:.2g}, at most by {agreement.max_abs_difference:.3g} on outputs up to "
        f"{agreement.max_abs_output:.3g}; {agreement.same_class} have the same class."
    )
    if output_steps(model):
        is_few = len(agreement.differing) <= max(1, _FEW * agreement.samples)
        fix = "Train longer for int8, or give more representative samples."
        yield Finding("disagreement", "warning" if is_few else "error", "", message, fix)
        return
    size = frozen.batch_size
    called = dict.fromkeys(index // size for index in agreement.differing)
    samples = [one_call(data, index, size) for index in list(called)[:_LOOKED_AT]]
    own = sensitivity(frozen, samples)
    if agreement.max_abs_difference <= _FACTOR * own:
        message += (
            f" Keras itself moves by up to {own:.3g} when inputs, biases and normalisations change by one part in a "
            "million: values lie so close to the threshold of a quantizer that rounding decides."
        )
        yield Finding("disagreement", "warning", "", message, "")
    elif small := _padded_beyond_the_image(model):
        message += (
            f" '{small.outputs[0].name}' pads an image of {small.inputs[0].shape[1]}x{small.inputs[0].shape[2]} with "
            "zeros, which is smaller than its filter: there the kernel of Larq Compute Engine miscounts. larq_focal's "
            "delegate computes it as Keras does."
        )
        fix = "Use pad_values=1, or padding='valid'."
        yield Finding("disagreement", "error", "", message, fix)
    elif _pads_with_zeros(model) and (ties := _ties(frozen, samples[0])):
        message += (
            f" In sample {agreement.differing[0]}, {ties} values lie exactly on the threshold of a quantizer. Larq "
            "Compute Engine corrects zero padding after the count, with rounding, so that such ties may fall on the "
            "other side."
        )
        fix = (
            "Train the model first, or give its normalisations statistics: fresh ones leave whole sums, many of them "
            "0. Or use pad_values=1, with which the sums are exact."
        )
        yield Finding("disagreement", "error", "", message, fix)
    else:
        message += f" Rounding does not explain this: it moves Keras' own outputs by up to {own:.3g}."
        yield Finding("disagreement", "error", "", message, "The cause is not known: do not use the file.")


def sensitivity(frozen: FrozenGraph, samples: Sequence[Data], seed: int = 0) -> float:
    """How far the outputs move when inputs, biases and normalisations change by about one part in a million.

    In a network of quantizers a change as small as rounding can grow: a value next to a threshold changes its level.
    """
    rng = np.random.default_rng(seed)

    def changed(arrays: Data) -> Data:
        return {
            name: (array * (1 + _CHANGE * rng.normal(size=array.shape))).astype(array.dtype)
            for name, array in arrays.items()
        }

    outputs, vectors, largest = [info.name for info in frozen.outputs.values()], frozen.vectors(), 0.0
    for sample in samples:
        expected = frozen.values(outputs, sample)
        for _ in range(_TRIALS):
            moved = frozen.values(outputs, changed(sample), changed(vectors))
            largest = max(largest, *(float(np.abs(a - b).max()) for a, b in zip(expected, moved, strict=True)))
    return largest


def saturation(frozen: FrozenGraph, expected: np.ndarray) -> Iterator[Finding]:
    """A note where a softmax is so sure of itself that its outputs show little of the network."""
    (output, *others) = frozen.outputs.values()
    if others or frozen.source(output.name).op != "Softmax":
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


def _pads_with_zeros(model: FlatModel) -> list[Operator]:
    same, zero = 0, 0
    return [
        operator
        for operator in model.operators
        if operator.kind == BINARY_CONVOLUTION
        and operator.options["padding"] == same
        and operator.options["pad_values"] == zero
    ]


def _padded_beyond_the_image(model: FlatModel) -> Operator | None:
    """The first binary convolution whose filter reaches beyond both sides of its image, into zeros."""
    for operator in _pads_with_zeros(model):
        image, kernel = operator.inputs[:2]
        if any(pixels < filter_size for pixels, filter_size in zip(image.shape[1:3], kernel.shape[1:3], strict=True)):
            return operator
    return None


def _ties(frozen: FrozenGraph, sample: Data) -> int:
    """Values of a sample that lie exactly on a quantizer's threshold."""
    nodes = [node for node in frozen.graph_def.node if node.op in ("Sign", "Select", "SelectV2")]
    signs = [node for node in nodes if not frozen.is_constant(node.name) and is_sign(frozen, node.name)]
    compared = [operands for node in signs if (operands := _compared(frozen, node))]
    count = 0
    for operands in compared:
        first, *others = frozen.values(operands, sample)
        count += int(np.sum(first == (others[0] if others else 0)))
    return count


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
