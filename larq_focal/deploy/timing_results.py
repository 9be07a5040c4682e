"""What timings give: records to keep, and tables to read."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field, fields
from typing import Any

from larq_focal.deploy.histogram import Histogram, spelled_ms
from larq_focal.deploy.memory import Memory
from larq_focal.deploy.profile import Profile
from larq_focal.deploy.state import State


@dataclass(frozen=True)
class Timing:
    """Wall time of single inferences in milliseconds, copying input and output included.

    ``before`` and ``after`` are the states of the machine around the timed runs, ``other_cores`` is how many of its
    cores other work kept busy meanwhile, ``power_w`` what it drew where it has a sensor or the caller knows. ``notes``
    tell what makes the figures doubtful: a clock or temperature that moved, throttling, other work, a wide spread.
    """

    model: str
    engine: str
    threads: int
    runs: int
    warmup: int
    min_ms: float
    median_ms: float
    p90_ms: float
    machine: dict[str, Any]
    versions: dict[str, str]
    notes: tuple[str, ...] = ()
    histogram: Histogram | None = None
    before: State = field(default_factory=State)
    after: State = field(default_factory=State)
    other_cores: float | None = None
    power_w: float | None = None
    power_source: str | None = None
    memory: Memory | None = None
    profile: Profile | None = None

    @property
    def inferences_per_second(self) -> float:
        """One after the other, at the median time."""
        return 1000 / self.median_ms

    @property
    def inferences_per_joule(self) -> float | None:
        """Inferences per second and watt."""
        return self.inferences_per_second / self.power_w if self.power_w else None

    def to_dict(self) -> dict[str, Any]:
        derived = {name: getattr(self, name) for name in ("inferences_per_second", "inferences_per_joule")}
        parts = {name: part and part.to_dict() for name, part in (("memory", self.memory), ("profile", self.profile))}
        histogram = self.histogram and {key: list(value) for key, value in asdict(self.histogram).items()}
        return asdict(self) | {"notes": list(self.notes), "histogram": histogram} | parts | derived

    @classmethod
    def from_dict(cls, record: dict[str, Any]) -> Timing:
        """The timing that ``to_dict`` wrote.

        Raises:
            KeyError, TypeError: it wrote something else.
        """
        known = {part.name: record[part.name] for part in fields(cls)}
        histogram, memory, profile = (known[name] for name in ("histogram", "memory", "profile"))
        known |= {
            "notes": tuple(known["notes"]),
            "histogram": histogram and Histogram(tuple(histogram["edges_ms"]), tuple(histogram["counts"])),
            "before": State(**known["before"]),
            "after": State(**known["after"]),
            "memory": memory and Memory.from_dict(memory),
            "profile": profile and Profile.from_dict(profile),
        }
        return cls(**known)

    def __rich__(self):
        return ThreadSweep((self,)).__rich__()

    def details(self) -> list[Any]:
        """What stands under the table, for rich."""
        from rich.text import Text

        lines = [self.histogram] if self.histogram else []
        if self.power_w:
            lines.append(Text(f"{self.inferences_per_joule:.1f} inferences per second and watt ({self.power_source})"))
        lines += [Text(str(self.memory))] if self.memory else []
        lines += [self.profile] if self.profile else []
        return [*lines, *(Text.assemble(("Note: ", "yellow"), note) for note in self.notes)]


@dataclass(frozen=True)
class ThreadSweep:
    """One network timed with several numbers of threads, one after the other."""

    timings: tuple[Timing, ...]

    def to_dict(self) -> dict[str, Any]:
        return {"timings": [timing.to_dict() for timing in self.timings]}

    def __rich__(self):
        from rich.console import Group
        from rich.table import Table
        from rich.text import Text

        first = self.timings[0]
        table = Table(title=Text(f"{first.model}: one inference"))
        for column in ("engine", "threads", "runs", "minimum", "median", "90 %", "per second"):
            table.add_column(column, justify="left" if column == "engine" else "right")
        for timing in self.timings:
            figures = (spelled_ms(value) for value in (timing.min_ms, timing.median_ms, timing.p90_ms))
            rate = f"{timing.inferences_per_second:,.1f}"
            table.add_row(timing.engine, str(timing.threads), str(timing.runs), *figures, rate)
        parts: list[Any] = [table, Text(_place(first), "dim")]
        for timing in self.timings:
            count = "1 thread" if timing.threads == 1 else f"{timing.threads} threads"
            title = [Text(f"With {count}:", "bold")] if len(self.timings) > 1 else []
            parts += [*title, *timing.details()]
        return Group(*parts)


def _place(timing: Timing) -> str:
    machine, state = timing.machine, timing.after
    versions = ", ".join(f"{package} {version}" for package, version in timing.versions.items())
    facts = [machine["board"] or machine["cpu"], machine["system"]]
    facts += [f"{state.clock_mhz:.0f} MHz"] if state.clock_mhz else []
    facts += [f"governor '{state.governor}'"] if state.governor else []
    facts += [f"{state.temperature_c:.0f} °C"] if state.temperature_c is not None else []
    return f"on {', '.join(facts)}, with {versions}"


@dataclass(frozen=True)
class PairedTiming:
    """Two models timed in turn, so that what disturbs one disturbs the other.

    ``median_ratio`` is the median of the ratios first / second within each pair, ``ratio_of_medians`` that of the
    two medians; where they differ, the machine was disturbed.
    """

    first: Timing
    second: Timing
    ratio_of_medians: float
    median_ratio: float

    def to_dict(self) -> dict[str, Any]:
        return asdict(self) | {"first": self.first.to_dict(), "second": self.second.to_dict()}

    def __rich__(self):
        from rich.console import Group
        from rich.text import Text

        ratio = f"{self.first.model} takes {self.median_ratio:.2f} times as long as {self.second.model}."
        return Group(self.first, self.second, Text(ratio))
