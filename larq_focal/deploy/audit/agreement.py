"""Whether a converted network computes what it should, on data."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from larq_focal.network.tflite.flatbuffer import FlatModel

FLOAT_TOLERANCE = 1e-3
"""A sample agrees if no output differs by more than this part of the largest output."""

INT8_TOLERANCE = 0.1
INT8_STEPS = 2
"""For int8 the tolerance is this part of the largest output or this many steps of the output, whichever is more."""


@dataclass(frozen=True)
class Agreement:
    """Outputs of the file against those of what was converted.

    Args:
        samples: how many were compared.
        same_class: samples in which the largest output is the same one (of every output of the network).
        max_abs_difference: over all samples and outputs.
        max_abs_output: of what was converted, likewise.
        differing: indices of the samples that differ by more than the tolerance.
        tolerance: largest difference that counts as agreement.
        reference: what computed the outputs that the file should give.
    """

    samples: int
    same_class: int
    max_abs_difference: float
    max_abs_output: float
    differing: tuple[int, ...]
    tolerance: float
    reference: str = "Keras"

    def to_dict(self) -> dict:
        return {
            "samples": self.samples,
            "same_class": self.same_class,
            "max_abs_difference": self.max_abs_difference,
            "max_abs_output": self.max_abs_output,
            "reference": self.reference,
        }


def tolerance_for(model: FlatModel, largest: float, relative: float = FLOAT_TOLERANCE) -> float:
    """The largest difference that counts as agreement, for outputs up to ``largest``."""
    steps = output_steps(model)
    if not steps:
        return relative * largest
    return max(INT8_TOLERANCE * largest, INT8_STEPS * max(steps))


def output_steps(model: FlatModel) -> list[float]:
    """The scales of the outputs that are rounded to integers; none for a float network."""
    rounded = {op.outputs[0].index: op.inputs[0] for op in model.operators if op.kind == "DEQUANTIZE"}
    scales = (rounded.get(tensor.index, tensor).quantization for tensor in model.outputs)
    return [float(quantization.scale.max()) for quantization in scales if quantization is not None]


def compare(
    expected: Sequence[np.ndarray],
    actual: Sequence[np.ndarray],
    model: FlatModel,
    *,
    relative: float = FLOAT_TOLERANCE,
    reference: str = "Keras",
    rounds_alike: bool = False,
) -> Agreement:
    """Agreement of the outputs ``[N, ...]`` of a network with those of the file ``model``, in the same order.

    Args:
        relative: the tolerance of a float network, as a part of the largest output.
        reference: what computed ``expected``.
        rounds_alike: whether that rounds to the integers of the file too, so that steps of int8 are no excuse.

    Raises:
        ValueError: the outputs differ in number or shape.
    """
    shapes = [array.shape for array in expected], [array.shape for array in actual]
    if shapes[0] != shapes[1]:
        raise ValueError(f"The outputs of the file have the shapes {shapes[1]}, those of the model {shapes[0]}.")
    rows = [(a.reshape(len(a), -1), b.reshape(len(b), -1)) for a, b in zip(expected, actual, strict=True)]
    difference = np.max([_row_difference(a, b) for a, b in rows], axis=0)
    largest = max(float(np.abs(a).max(initial=0)) for a, _ in rows)
    same = np.all([a.argmax(1) == b.argmax(1) for a, b in rows], axis=0)
    largest_allowed = max(largest, 1e-6)
    tolerance = relative * largest_allowed if rounds_alike else tolerance_for(model, largest_allowed, relative)
    return Agreement(
        samples=len(difference),
        same_class=int(same.sum()),
        max_abs_difference=float(difference.max()),
        max_abs_output=largest,
        differing=tuple(int(index) for index in np.flatnonzero(~(difference <= tolerance))),
        tolerance=tolerance,
        reference=reference,
    )


def _row_difference(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """Largest difference in each row; the largest float where just one of two values is not a number."""
    both_nan = np.isnan(a) & np.isnan(b)
    difference = np.where(both_nan | (a == b), 0, np.abs(a.astype(np.float64) - b))
    largest = float(np.finfo(np.float32).max)
    return np.nan_to_num(difference, nan=largest, posinf=largest).max(axis=1, initial=0)
