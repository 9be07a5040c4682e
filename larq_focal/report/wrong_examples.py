"""The samples that a network got wrong, as pictures that stand in the page itself: images as PNG, signals as curves."""

from __future__ import annotations

import base64
import struct
import zlib
from dataclasses import dataclass

import numpy as np

from larq_focal.bench.records.mistakes import sample_of
from larq_focal.report.runs import Run

_PNG, _COLOUR_TYPES = b"\x89PNG\r\n\x1a\n", {1: 0, 3: 2}
_WIDTH, _HEIGHT = 100, 60  # of the drawing of a signal


@dataclass(frozen=True)
class WrongExample:
    """One sample: ``image`` is a data URI, "" for a signal; ``curves`` its channels as points of an SVG polyline."""

    index: int
    truth: str
    predicted: str
    probability: float
    image: str
    curves: list[str]


def wrong_examples(run: Run) -> list[WrongExample]:
    """Those of a run's record; none for older records."""
    classes = run.record["dataset"]["classes"]
    examples = []
    for mistake in run.record.get("mistakes", []):
        sample = sample_of(mistake)
        examples.append(
            WrongExample(
                mistake["index"],
                classes[mistake["truth"]],
                classes[mistake["predicted"]],
                mistake["probability"],
                _data_uri(sample) if sample.ndim == 3 else "",
                _curves(sample) if sample.ndim == 2 else [],
            )
        )
    return examples


def _data_uri(image: np.ndarray) -> str:
    return f"data:image/png;base64,{base64.b64encode(png(image)).decode()}"


def png(image: np.ndarray) -> bytes:
    """The PNG file of an image uint8 ``[height, width, 1 or 3]``.

    Source: W3C, "Portable Network Graphics (PNG) Specification", second edition, 2003. Records are shown where Pillow
    is not installed.
    """
    height, width, channels = image.shape
    lines = np.hstack([np.zeros((height, 1), np.uint8), image.reshape(height, -1)])  # each begins with its filter: none
    header = struct.pack(">IIBBBBB", width, height, 8, _COLOUR_TYPES[channels], 0, 0, 0)
    parts = ((b"IHDR", header), (b"IDAT", zlib.compress(lines.tobytes(), 9)), (b"IEND", b""))
    return _PNG + b"".join(
        struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data)) for kind, data in parts
    )


def _curves(signal: np.ndarray) -> list[str]:
    """Each channel over time, in a box of 100 by 60; its middle is byte 128, which stands for 0."""
    across = np.linspace(0, _WIDTH, len(signal))
    reach = max(1.0, float(np.abs(signal.astype(float) - 128).max()))
    up = _HEIGHT / 2 * (1 - (signal.astype(float) - 128) / reach)
    return [" ".join(f"{x:.1f},{y:.1f}" for x, y in zip(across, channel, strict=True)) for channel in up.T]
