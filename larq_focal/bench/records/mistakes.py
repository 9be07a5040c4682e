"""The images that a network was most certain about and got wrong: a part of a run record, small enough to be shown."""

from __future__ import annotations

import base64
import math
from typing import Any

import numpy as np

from larq_focal.bench.records.schema import Record

MOST_SHOWN = 16
LARGEST_SIDE = 48
_LONGEST_SIGNAL = 200


def mistakes_of(outputs: np.ndarray, samples: np.ndarray, labels: np.ndarray) -> list[Record]:
    """The wrong ones among ``samples``, by falling certainty, at most 16 of them.

    Args:
        outputs: logits ``[n, classes]``.
        samples: uint8, images ``[n, height, width, channels]`` or signals ``[n, steps, channels]``.
        labels: ``[n]``.

    Returns:
        For each its ``index`` among the samples, class ``truth`` and ``predicted``, the ``probability`` that the
        softmax of the outputs gives to the wrong class, and ``shape`` and ``data`` (base64) of the sample itself, made
        smaller by averaging where a side of an image is longer than 48.
    """
    predicted = outputs.argmax(-1)
    scores = np.exp(outputs - outputs.max(-1, keepdims=True), dtype=np.float64)
    probabilities = scores.max(-1) / scores.sum(-1)
    wrong = np.flatnonzero(predicted != labels)
    chosen = wrong[np.argsort(-probabilities[wrong], kind="stable")][:MOST_SHOWN]
    return [
        {
            "index": int(index),
            "truth": int(labels[index]),
            "predicted": int(predicted[index]),
            "probability": round(float(probabilities[index]), 4),
            "shape": list(small.shape),
            "data": base64.b64encode(small.tobytes()).decode(),
        }
        for index in chosen
        for small in [_small(samples[index])]
    ]


def sample_of(mistake: Record) -> np.ndarray:
    """The sample of a mistake, uint8, of two or three dimensions.

    Raises:
        ValueError: its data is not what its shape says.
    """
    shape, data = mistake["shape"], base64.b64decode(mistake["data"], validate=True)
    if not 2 <= len(shape) <= 3 or min(shape) < 1 or len(data) != math.prod(shape):
        raise ValueError(f"{len(data)} bytes are no sample of the shape {shape}")
    if len(shape) == 3 and shape[2] not in (1, 3):
        raise ValueError(f"an image has 1 or 3 channels, not {shape[2]}")
    return np.frombuffer(data, np.uint8).reshape(shape)


def mistake_problems(mistakes: Any, classes: int) -> list[str]:
    """What is wrong with the mistakes of a record whose parts have the right types."""
    problems = []
    for number, mistake in enumerate(mistakes):
        try:
            sample_of(mistake)
        except ValueError as error:
            problems.append(f"'mistakes[{number}]' is damaged ({error})")
        if not all(0 <= mistake[key] < classes for key in ("truth", "predicted")):
            problems.append(f"'mistakes[{number}]' names a class that is not there")
    return problems


def _small(sample: np.ndarray) -> np.ndarray:
    if sample.ndim == 2:
        return np.ascontiguousarray(sample[:: max(1, math.ceil(len(sample) / _LONGEST_SIGNAL))])
    factor = math.ceil(max(sample.shape[:2]) / LARGEST_SIDE)
    if factor == 1:
        return np.ascontiguousarray(sample)
    height, width = (side // factor for side in sample.shape[:2])
    if not height or not width:  # a strip
        return np.ascontiguousarray(sample[::factor, ::factor])
    blocks = sample[: height * factor, : width * factor].reshape(height, factor, width, factor, -1)
    return np.rint(blocks.mean((1, 3))).astype(np.uint8)
