"""Shows frames to a simulated sensor under a policy, and records per frame what ran and what left the sensor."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np

from larq_focal.focal_plane.machine import Program, Run, Simulator

Region = tuple[slice, slice]


@dataclass(frozen=True)
class Message:
    """What leaves the sensor: ``bits`` in all; ``value`` is a short answer, ``content`` a map ``[height, width]``."""

    bits: int
    value: str | None = None
    content: np.ndarray | None = None


@dataclass(frozen=True)
class FrameRecord:
    """One frame: the programs that ran, their instruction words by class, the controller's calls, and what was sent."""

    number: int
    programs: tuple[str, ...]
    icw: Mapping[str, int]
    calls: Mapping[str, int]
    messages: tuple[Message, ...]

    @property
    def bits_sent(self) -> int:
        return sum(message.bits for message in self.messages)

    def to_dict(self) -> dict[str, Any]:
        return {
            "frame": self.number,
            "programs": list(self.programs),
            "icw": dict(self.icw),
            "calls": dict(self.calls),
            "bits_sent": self.bits_sent,
            "values": [message.value for message in self.messages],
        }


class Frame:
    """One exposed image, as a policy sees it: it runs programs on it, and sends what they found."""

    def __init__(self, number: int, simulator: Simulator):
        self.number = number
        self._simulator = simulator
        self._programs: list[str] = []
        self._icw: Counter[str] = Counter()
        self._calls: Counter[str] = Counter()
        self._messages: list[Message] = []

    def run(self, name: str, program: Program, planes: Mapping[str, np.ndarray] | None = None) -> Run:
        """Runs ``program``, recorded under ``name``; the registers keep what they hold."""
        run = self._simulator.run(program, planes)
        self._programs.append(name)
        self._icw.update(run.icw)
        self._calls.update(run.calls)
        return run

    def send_register(self, register: str, region: Region = np.s_[:, :]) -> Message:
        """Reads the ``region`` (rows, columns) of a register out and sends it: 1 bit, or the converter's, a pixel."""
        content = self._simulator.read(register)[region]
        is_plane = content.dtype == bool
        self._calls["read_plane" if is_plane else "read_analog"] += 1
        message = Message(content.size * (1 if is_plane else self._simulator.sensor.adc_bits), content=content)
        self._messages.append(message)
        return message

    def send_value(self, value: str, bits: int) -> None:
        """Sends an answer of the controller, coded in ``bits``."""
        self._messages.append(Message(bits, value=value))

    def record(self) -> FrameRecord:
        return FrameRecord(
            self.number, tuple(self._programs), dict(self._icw), dict(self._calls), tuple(self._messages)
        )


class Policy(Protocol):
    """Decides for every frame what runs and what is sent; it may keep values of its own between frames."""

    def __call__(self, frame: Frame) -> None: ...


def watch(simulator: Simulator, policy: Policy, images: Iterable[np.ndarray]) -> tuple[FrameRecord, ...]:
    """Exposes the images ``[height, width]``, 0 to 255, one after another.

    Raises:
        ValueError: an image has not the size of the sensor, or goes beyond 0 to 255.
    """
    records = []
    for number, image in enumerate(images):
        simulator.expose(image)
        frame = Frame(number, simulator)
        policy(frame)
        records.append(frame.record())
    return tuple(records)
