"""Quantizers in TensorFlow Lite's operators, exactly: the same float in, the same level out."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from larq_focal.network import ops
from larq_focal.network.tflite.write.elementwise import clip
from larq_focal.network.tflite.write.emitter import Emitter
from larq_focal.network.tflite.write.few_bits import write_levels
from larq_focal.network.tflite.write.operators import write


@write.register
def _(op: ops.Binarize, emitter: Emitter) -> None:
    is_packed = op.name in emitter.plan.packed
    (_write_bits if is_packed else _write_choice)(op, emitter)


def _write_bits(op: ops.Binarize, emitter: Emitter) -> None:
    """The packed signs of ``x - threshold``, in flipped channels of ``threshold - x``.

    A difference of two floats is 0 only where they are equal, and else has the sign of the exact one. Signs of integers
    are told by their zero point.
    """
    (source,) = op.inputs
    is_plain = not np.any(op.threshold != 0) and (op.flip is None or not op.flip.any())
    if is_plain and source in emitter.plan.codes:
        emitter.finish_packed(op, emitter.quantize(emitter.integers(source), op.name, op.shape))
        return
    tensor, threshold = emitter.value(source), op.threshold
    if op.flip is not None and op.flip.any():
        signs = np.where(op.flip, np.float32(-1), np.float32(1))
        threshold = threshold * signs
        factor = emitter.constant(signs)
        tensor = emitter.add("MUL", tensor, factor, shape=op.shape, options="MulOptions")
    if np.any(threshold != 0):
        shift = emitter.constant(np.float32(0) - threshold)  # not -0, which is the sum of itself
        tensor = emitter.add("ADD", tensor, shift, shape=op.shape, options="AddOptions")
    emitter.finish_packed(op, emitter.quantize(tensor, op.name, op.shape))


def _write_choice(op: ops.Binarize, emitter: Emitter) -> None:
    tensor, threshold, kind = emitter.value(op.inputs[0]), op.threshold, "GREATER_EQUAL"
    if op.flip is not None and op.flip.all():
        kind = "LESS_EQUAL"
    elif op.flip is not None and op.flip.any():
        signs = np.where(op.flip, np.float32(-1), np.float32(1))
        threshold = threshold * signs
        factor = emitter.constant(signs)
        tensor = emitter.add("MUL", tensor, factor, shape=op.shape, options="MulOptions")
    threshold = emitter.constant(threshold)
    emitter.finish(op, _choice(emitter, kind, tensor, threshold, (1, -1), op.shape))


def _choice(
    emitter: Emitter, kind: str, tensor: int, threshold: int, numbers: tuple[float, float], shape: ops.Shape
) -> int:
    """Adds the first number where the comparison holds, else the second."""
    condition = emitter.add(kind, tensor, threshold, shape=shape, dtype="bool")
    choices = [emitter.constant(number) for number in numbers]
    return emitter.add("SELECT_V2", condition, *choices, shape=shape)


@write.register
def _(op: ops.Quantize, emitter: Emitter) -> None:
    """Rounding where that gives exactly these levels and boundaries, else the largest level that was reached.

    As integers, where a layer of few bits reads it, one operator.
    """
    if op.name in emitter.plan.codes:
        write_levels(op, emitter)
        return
    for rounding in _roundings(op):
        if _is_exact(op, rounding):
            emitter.finish(op, rounding.write(op, emitter))
            return
    emitter.finish(op, _write_levels(op, emitter))


def _write_levels(op: ops.Quantize, emitter: Emitter) -> int:
    tensor, lowest, result = emitter.value(op.inputs[0]), op.levels[0], None
    if len(op.levels) == 1:
        return clip(emitter, tensor, lowest, lowest, op.shape)
    for level, boundary in zip(op.levels[1:], op.boundaries, strict=True):
        threshold = emitter.constant(boundary)
        step = _choice(emitter, "GREATER_EQUAL", tensor, threshold, (level, lowest), op.shape)
        result = step if result is None else emitter.add("MAXIMUM", result, step, shape=op.shape)
    return result


class _Rounding:
    """``f(clip(x * factor, low, high)) * step`` with f the nearest whole number, or the next below after adding 1/2."""

    def __init__(self, factor: np.float32, low: int, high: int, step: np.float32, rounds_up: bool, divides: bool):
        self.factor, self.low, self.high, self.step = factor, np.float32(low), np.float32(high), step
        self.rounds_up, self.divides = rounds_up, divides

    def __call__(self, x: np.ndarray) -> np.ndarray:
        whole = np.clip(x * self.factor, self.low, self.high)
        whole = np.floor(whole + np.float32(0.5)) if self.rounds_up else np.rint(whole)
        return whole / self.step if self.divides else whole * self.step

    def write(self, op: ops.Quantize, emitter: Emitter) -> int:
        shape, tensor = op.shape, emitter.value(op.inputs[0])
        if self.factor != 1:
            factor = emitter.constant(self.factor)
            tensor = emitter.add("MUL", tensor, factor, shape=shape, options="MulOptions")
        tensor = clip(emitter, tensor, self.low, self.high, shape)
        if self.rounds_up:
            half = emitter.constant(0.5)
            tensor = emitter.add("ADD", tensor, half, shape=shape, options="AddOptions")
        tensor = emitter.add("FLOOR" if self.rounds_up else "ROUND", tensor, shape=shape)
        if self.step == 1:
            return tensor
        kind, step = "DIV" if self.divides else "MUL", emitter.constant(self.step)
        return emitter.add(kind, tensor, step, shape=shape, options=f"{kind.title()}Options")


def _roundings(op: ops.Quantize) -> Iterator[_Rounding]:
    """Candidates for evenly spaced levels that hold 0, of which one may be exact."""
    count = len(op.levels)
    if count == 1:
        return
    step = (float(op.levels[-1]) - float(op.levels[0])) / (count - 1)
    low = round(float(op.levels[0]) / step)
    spacing = (float(op.boundaries[-1]) - float(op.boundaries[0])) / (count - 2) if count > 2 else step
    largest = max(abs(low), abs(low + count - 1))
    steps = {(np.float32(step), False), (np.float32(1 / step), True)}
    steps.add((np.float32(float(np.abs(op.levels).max()) / largest), False))
    for factor in {np.float32(1 / spacing), np.float32(1 / step), np.float32(1 / np.float32(step))}:
        for number, divides in sorted(steps, key=str):
            for rounds_up in (False, True):
                yield _Rounding(factor, low, low + count - 1, number, rounds_up, divides)


def _is_exact(op: ops.Quantize, rounding: _Rounding) -> bool:
    """Whether a function that never falls steps at the boundaries, and nowhere else, to the levels."""
    with np.errstate(all="ignore"):
        below = rounding(np.nextafter(op.boundaries, np.float32(-np.inf)))
        ends = rounding(np.array([-1, 1], np.float32) * np.finfo(np.float32).max)
        return (
            np.array_equal(below, op.levels[:-1])
            and np.array_equal(rounding(op.boundaries), op.levels[1:])
            and np.array_equal(ends, op.levels[[0, -1]])
        )


@write.register
def _(op: ops.UniformQuantize, emitter: Emitter) -> None:
    """One operator for int8. Else rounds halves away from zero: up what is positive, down the rest, and adds both."""
    if op.name in emitter.plan.codes:
        source = emitter.plan.sources.get(op.name, op.inputs[0])
        is_integer = source in emitter.plan.codes
        tensor = emitter.integers(source) if is_integer else emitter.float_value(source)
        output = emitter.integer_tensor(op.name, op.shape, op)
        emitter.file.builtin("QUANTIZE", [tensor], [output], "QuantizeOptions", version=2 if is_integer else 1)
        emitter.finish_integers(op, output)
        return
    lowest = -(2 ** (op.bits - 1)) if op.signed else 0
    limits = lowest - op.zero_point, lowest + 2**op.bits - 1 - op.zero_point
    shape, scale = op.shape, emitter.constant(op.scale)
    steps = emitter.add("DIV", emitter.value(op.inputs[0]), scale, shape=shape, options="DivOptions")

    def rounded(limit: str, half: float, rounding: str) -> int:
        part = emitter.add(limit, steps, emitter.constant(0), shape=shape)
        part = emitter.add("ADD", part, emitter.constant(half), shape=shape, options="AddOptions")
        return emitter.add(rounding, part, shape=shape)

    parts = rounded("MAXIMUM", 0.5, "FLOOR"), rounded("MINIMUM", -0.5, "CEIL")
    tensor = clip(emitter, emitter.add("ADD", *parts, shape=shape, options="AddOptions"), *limits, shape)
    emitter.finish(op, emitter.add("MUL", tensor, scale, shape=shape, options="MulOptions"))
