"""Keeps what a run did to the registers, so that it can be stepped through afterwards."""

from __future__ import annotations

import base64
from dataclasses import dataclass
from typing import Any

import numpy as np

from larq_focal.focal_plane.machine.pixel_array import NEIGHBOUR_PORTS, PixelArray
from larq_focal.focal_plane.machine.simulator import Step

FORMAT = "larq_focal.trace/1"


@dataclass(frozen=True)
class TracedStep:
    """A step with the new contents ``[height, width]`` of the registers that it changed."""

    step: Step
    changed: dict[str, np.ndarray]


class Trace:
    """An observer for ``Simulator.run``: ``start`` are the contents before the run, ``steps`` what each step changed.

    Args:
        array: the array of the simulator, as it is before the run.
    """

    def __init__(self, array: PixelArray):
        self.start = {name: _content(array, name) for name in (*array.digital, *array.analog)}
        self.steps: list[TracedStep] = []
        self._now = dict(self.start)

    def __call__(self, step: Step, array: PixelArray) -> None:
        changed = {}
        for name in step.written:
            name = array.news if name in NEIGHBOUR_PORTS else name
            content = _content(array, name)
            if not np.array_equal(content, self._now[name]):
                changed[name] = self._now[name] = content
        self.steps.append(TracedStep(step, changed))

    def contents_after(self, steps: int) -> dict[str, np.ndarray]:
        """The contents of all registers after the first ``steps`` steps."""
        contents = dict(self.start)
        for traced in self.steps[:steps]:
            contents |= traced.changed
        return contents

    def to_dict(self) -> dict[str, Any]:
        """JSON values; contents are base64 of bits, most significant first, or of int8, row by row."""
        shape = next(iter(self.start.values())).shape
        return {
            "format": FORMAT,
            "height": shape[0],
            "width": shape[1],
            "start": {name: _encoded(content) for name, content in self.start.items()},
            "steps": [
                {
                    "kernel": traced.step.kernel,
                    "instruction": traced.step.text,
                    "icw": traced.step.icw,
                    "changed": {name: _encoded(content) for name, content in traced.changed.items()},
                }
                for traced in self.steps
            ],
        }


def _content(array: PixelArray, name: str) -> np.ndarray:
    return array.layout.unpack(array.digital[name]) if name in array.digital else array.analog[name].copy()


def _encoded(content: np.ndarray) -> dict[str, str]:
    if content.dtype == bool:
        return {"kind": "digital", "data": base64.b64encode(np.packbits(content).tobytes()).decode()}
    data = np.rint(content).astype(np.int8).tobytes()
    return {"kind": "analog", "data": base64.b64encode(data).decode()}
