"""Records a run so that a person can step through it, small enough for a web page."""

from __future__ import annotations

import base64
import json
import zlib
from typing import Any

import numpy as np

from larq_focal.focal_plane.machine import Simulator, Step
from larq_focal.focal_plane.machine.pixel_array import INPUT, NEIGHBOUR_PORTS, SELECTIONS, PixelArray

FORMAT = "larq_focal.steps/1"
LARGEST_WHOLE = 128  # rows or columns up to which the whole array is recorded by default
MIDDLE = 64  # rows and columns that are recorded of a larger one
Region = tuple[int, int, int, int]  # first row and column, last row and column


class StepRecorder:
    """An observer for ``Simulator.run``: what each step changed in a region of the array.

    What a step changes is kept as the exclusive or of old and new content, so that a reader can go back as well as
    forth; all of it is deflated as one stream. Planes are packed bits, analog registers bytes of two's complement.

    Args:
        simulator: as it is before the run.
        region: first row, first column, last row and last column; by default the whole array, or the middle 64 x 64
            pixels of one that has more than 128 rows or columns, and where the network lies if that is known.
        extent: rows and columns from the corner of the array in which the network lies; all of them if not given.
        most_bytes: of the recorded contents in a page; later steps are left out, and counted.

    Raises:
        ValueError: the region is empty or goes beyond the array.
    """

    def __init__(
        self,
        simulator: Simulator,
        region: Region | None = None,
        most_bytes: int = 700_000,
        extent: tuple[int, int] | None = None,
    ):
        sensor, array = simulator.sensor, simulator.array
        size = sensor.height, sensor.width
        self.region = region or _default_region(size, extent or size)
        first_row, first_column, last_row, last_column = self.region
        if not (0 <= first_row <= last_row < sensor.height and 0 <= first_column <= last_column < sensor.width):
            raise ValueError(f"The region {self.region} is not within the array of {sensor.height}x{sensor.width}.")
        self._rows, self._columns = slice(first_row, last_row + 1), slice(first_column, last_column + 1)
        self._names = [name for name in (*array.digital, *array.analog) if name not in (*SELECTIONS, INPUT)]
        self._kinds = ["digital" if name in array.digital else "analog" for name in self._names]
        self._now = {name: self._content(array, name) for name in self._names}
        self._deflate = zlib.compressobj(9)
        self._chunks = [self._deflate.compress(content.tobytes()) for content in self._now.values()]
        self._most = most_bytes * 3 // 4  # base64 takes four characters for three bytes
        self._texts: dict[str, int] = {}
        self._steps: list[list[Any]] = []
        self._left_out = 0

    def __call__(self, step: Step, array: PixelArray) -> None:
        if self._left_out or sum(map(len, self._chunks)) > self._most:
            self._left_out += 1
            return
        changed = []
        for name in step.written:
            name = array.news if name in NEIGHBOUR_PORTS else name
            if name not in self._now:
                continue
            content = self._content(array, name)
            if not np.array_equal(content, self._now[name]):
                self._chunks.append(self._deflate.compress((content ^ self._now[name]).tobytes()))
                self._now[name] = content
                changed.append(self._names.index(name))
        self._steps.append([self._text(step.kernel or ""), self._text(step.text), step.icw, changed])

    def to_dict(self) -> dict[str, Any]:
        """JSON values; can be called once, after the run.

        ``steps`` is deflated JSON: for each step its kernel and its text, both as positions in ``texts``, its words,
        and the positions in ``registers`` of those that it changed.
        """
        data = b"".join([*self._chunks, self._deflate.flush()])
        steps = json.dumps(self._steps, separators=(",", ":")).encode()
        return {
            "format": FORMAT,
            "region": list(self.region),
            "height": self._rows.stop - self._rows.start,
            "width": self._columns.stop - self._columns.start,
            "registers": [{"name": name, "kind": kind} for name, kind in zip(self._names, self._kinds, strict=True)],
            "texts": list(self._texts),
            "step_count": len(self._steps),
            "left_out": self._left_out,
            "steps": base64.b64encode(zlib.compress(steps, 9)).decode(),
            "data": base64.b64encode(data).decode(),
        }

    def _text(self, text: str) -> int:
        return self._texts.setdefault(text, len(self._texts))

    def _content(self, array: PixelArray, name: str) -> np.ndarray:
        """The region of a register as bytes: bits row by row, or int8."""
        if name in array.digital:
            return np.packbits(array.layout.unpack(array.digital[name])[self._rows, self._columns])
        return np.rint(array.analog[name][self._rows, self._columns]).astype(np.int8).view(np.uint8).ravel()


def _default_region(array: tuple[int, int], extent: tuple[int, int]) -> Region:
    """The middle of what lies within ``extent``, or as near to it as the array has room."""
    rows, columns = (size if size <= LARGEST_WHOLE else MIDDLE for size in array)
    top, left = max(extent[0] - rows, 0) // 2, max(extent[1] - columns, 0) // 2
    return top, left, top + rows - 1, left + columns - 1
