"""What an adaptive sensor sent, and which events it told, missed or mistook."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from rich.table import Table

from larq_focal.focal_plane.adaptive.runner import FrameRecord
from larq_focal.focal_plane.sensor import Sensor
from larq_focal.focal_plane.sensor.rate import estimates
from larq_focal.result import Result
from larq_focal.tables import facts
from larq_focal.text import counted, time_text
from larq_focal.verdicts.estimate import Estimate


@dataclass(frozen=True)
class Event:
    """Something happens in frame ``frame`` and holds until frame ``until`` (exclusive); ``label`` is what is to see."""

    frame: int
    until: int
    kind: str
    label: str


@dataclass(frozen=True)
class Outcome:
    """``told_in`` is the first frame within the event that sent its label, or a whole map; None where none did."""

    event: Event
    told_in: int | None

    @property
    def latency_frames(self) -> int | None:
        return None if self.told_in is None else self.told_in - self.event.frame


@dataclass(frozen=True, kw_only=True, repr=False)
class AdaptiveReport(Result):
    """A run over a sequence.

    ``raw_bits`` are those of one image at the sensor's converter, of ``raw_pixel_bits`` a pixel; ``wrong_values`` are
    answers sent that name something else than is there.
    """

    policy: str
    sensor: str
    frames: tuple[FrameRecord, ...]
    outcomes: tuple[Outcome, ...]
    wrong_values: int
    raw_bits: int
    raw_pixel_bits: int
    estimates: tuple[Estimate, ...]

    @property
    def bits_sent(self) -> int:
        return sum(frame.bits_sent for frame in self.frames)

    @property
    def bits_per_frame(self) -> float:
        return self.bits_sent / len(self.frames)

    @property
    def silent_frames(self) -> int:
        return sum(not frame.messages for frame in self.frames)

    @property
    def missed_events(self) -> int:
        return sum(outcome.told_in is None for outcome in self.outcomes)

    @property
    def latencies_frames(self) -> tuple[int, ...]:
        """Of the events that were told."""
        return tuple(outcome.latency_frames for outcome in self.outcomes if outcome.told_in is not None)

    @property
    def runs(self) -> dict[str, int]:
        """How often each program ran."""
        return dict(Counter(name for frame in self.frames for name in frame.programs))

    def data_reduction(self, raw_pixel_bits: int | None = None) -> float | None:
        """Bits of the raw images over bits sent; for the sensor's own bit depth, or another. None if none were sent."""
        depth = raw_pixel_bits or self.raw_pixel_bits
        return (
            len(self.frames) * self.raw_bits * depth / self.raw_pixel_bits / self.bits_sent if self.bits_sent else None
        )

    def to_dict(self) -> dict[str, Any]:
        """Plain values for JSON."""
        return {
            "policy": self.policy,
            "sensor": self.sensor,
            "frames": len(self.frames),
            "runs": self.runs,
            "bits_sent": self.bits_sent,
            "bits_per_frame": self.bits_per_frame,
            "bits_by_frame": [frame.bits_sent for frame in self.frames],
            "silent_frames": self.silent_frames,
            "events": len(self.outcomes),
            "missed_events": self.missed_events,
            "wrong_values": self.wrong_values,
            "latencies_frames": list(self.latencies_frames),
            "raw_bits": self.raw_bits,
            "raw_pixel_bits": self.raw_pixel_bits,
            "data_reduction": self.data_reduction(),
            "data_reduction_of_1_bit_pixels": self.data_reduction(1),
            "estimates": [estimate.to_dict() for estimate in self.estimates],
        }

    @property
    def headline(self) -> str:
        frames = counted(len(self.frames), "frame")
        return f"{self.policy} on {self.sensor}, {frames}, {self.bits_per_frame:,.1f} bits each"

    def __rich__(self) -> Table:
        late = self.latencies_frames
        rows = {
            "frames": f"{len(self.frames):,}",
            "programs run": ", ".join(f"{name} {count:,}" for name, count in self.runs.items()),
            "bits sent per frame": f"{self.bits_per_frame:,.1f} (at most {max(f.bits_sent for f in self.frames):,})",
            "frames that send nothing": f"{self.silent_frames:,}",
            "events missed": f"{self.missed_events} of {len(self.outcomes)}",
            "wrong answers sent": f"{self.wrong_values}",
            "latency": f"{np.mean(late):.1f} frames (at most {max(late)})" if late else "no event was told",
            "data reduction": " or ".join(
                f"{self.data_reduction(depth):,.0f} for {depth}-bit raw pixels" for depth in (self.raw_pixel_bits, 1)
            )
            if self.bits_sent
            else "nothing was sent",
        }
        for estimate in self.estimates:
            name = estimate.kind if estimate.kind == "lower bound" else f"{estimate.kind}, {estimate.source}"
            left_out = f", without {', '.join(estimate.left_out)}" if estimate.left_out else ""
            rows[f"time per frame ({name})"] = f"{time_text(estimate.latency_us / 1000)}{left_out}"
        return facts(rows, f"{self.policy} on {self.sensor}")


def adaptive_report(
    policy: str, sensor: Sensor, frames: Sequence[FrameRecord], events: Sequence[Event]
) -> AdaptiveReport:
    """Holds what was sent against what happened.

    Args:
        policy: what the policy is called.
        sensor: the sensor that watched.
        frames: as ``watch`` gives them.
        events: what there was to tell.
    """
    icw, calls = Counter(), Counter()
    for frame in frames:
        icw.update(frame.icw)
        calls.update(frame.calls)
    return AdaptiveReport(
        policy=policy,
        sensor=sensor.name,
        frames=tuple(frames),
        outcomes=tuple(Outcome(event, _told_in(event, frames)) for event in events),
        wrong_values=sum(_is_wrong(frame, events) for frame in frames),
        raw_bits=sensor.raw_bits,
        raw_pixel_bits=sensor.adc_bits * sensor.pixel_channels,
        estimates=tuple(_per_frame(estimate, len(frames)) for estimate in estimates(icw, calls, sensor)),
    )


def _told_in(event: Event, frames: Sequence[FrameRecord]) -> int | None:
    for frame in frames[event.frame : event.until]:
        if any(message.value in (None, event.label) for message in frame.messages):
            return frame.number
    return None


def _is_wrong(frame: FrameRecord, events: Sequence[Event]) -> bool:
    there = next((event.label for event in events if event.frame <= frame.number < event.until), None)
    return any(message.value not in (None, there) for message in frame.messages)


def _per_frame(total: Estimate, frames: int) -> Estimate:
    """The mean of an estimate of several frames together."""

    def share(value: float | None) -> float | None:
        return None if value is None else value / frames

    return Estimate(
        kind=total.kind,
        source=total.source,
        latency_us=share(total.latency_us),
        frames_per_second=None if total.frames_per_second is None else total.frames_per_second * frames,
        chip_energy_uj=share(total.chip_energy_uj),
        system_energy_uj=share(total.system_energy_uj),
        left_out=total.left_out,
    )
