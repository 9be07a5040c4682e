"""What timings give: records to keep, and tables to read."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field, fields
from typing import Any

from larq_focal.deploy.histogram import Histogram
from larq_focal.deploy.memory import Memory
from larq_focal.deploy.profile import Profile
from larq_focal.deploy.state import State
from larq_focal.result import Result
from larq_focal.text import MILLISECONDS, counted, in_one_unit, time_text


@dataclass(frozen=True, repr=False)
class Timing(Result):
    """Wall time of single inferences in milliseconds, copying input and output included.

    ``p90_ms`` and ``p99_ms`` are the times that 90 and 99 of 100 stay below, ``first_ms`` is that of the very first
    inference, before anything was warm.

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
    p99_ms: float
    first_ms: float
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

    @property
    def headline(self) -> str:
        threads = counted(self.threads, "thread")
        doubtful = ", with notes" if self.notes else ""
        return f"{self.model}, {time_text(self.median_ms)} at the median, {threads}, {self.engine}{doubtful}"

    def __rich__(self):
        return ThreadSweep((self,))

    def details(self) -> list[Any]:
        """What stands under the table, for rich."""
        from rich.text import Text

        lines = [self.histogram, Text()] if self.histogram else []
        lines.append(
            Text(f"99 of 100 take at most {time_text(self.p99_ms)}; the first took {time_text(self.first_ms)}")
        )
        if self.power_w:
            lines.append(Text(f"{self.inferences_per_joule:,.1f} inferences per second and watt ({self.power_source})"))
        lines += [Text(str(self.memory))] if self.memory else []
        lines += [self.profile] if self.profile else []
        return [*lines, *(Text.assemble(("Note: ", "yellow"), note) for note in self.notes)]


@dataclass(frozen=True, repr=False)
class ThreadSweep(Result):
    """One network timed with several numbers of threads, one after the other."""

    timings: tuple[Timing, ...]

    def to_dict(self) -> dict[str, Any]:
        return {"timings": [timing.to_dict() for timing in self.timings]}

    @property
    def headline(self) -> str:
        times = ", ".join(f"{counted(each.threads, 'thread')} {time_text(each.median_ms)}" for each in self.timings)
        return f"{self.timings[0].model}, medians with {times}"

    def __rich__(self):
        from rich.console import Group
        from rich.text import Text

        from larq_focal.tables import add_figures, add_words, heading, new_table

        first = self.timings[0]
        figures = [time for each in self.timings for time in (each.min_ms, each.median_ms, each.p90_ms)]
        unit, times = in_one_unit(figures, MILLISECONDS, largest=max(each.min_ms for each in self.timings))
        table = new_table(f"{first.model}: one inference")
        add_words(table, "engine")
        add_figures(table, "threads", "runs", *(heading(name, unit) for name in ("minimum", "median", "90 %")))
        add_figures(table, "per second")
        for number, timing in enumerate(self.timings):
            rate = f"{timing.inferences_per_second:,.1f}"
            row = times[3 * number : 3 * number + 3]
            table.add_row(timing.engine, f"{timing.threads:,}", f"{timing.runs:,}", *row, rate)
        parts: list[Any] = [table, Text(), Text(_place(first), "dim")]
        for timing in self.timings:
            title = f"With {counted(timing.threads, 'thread')}:"
            parts += [Text(), *([Text(title, "bold")] if len(self.timings) > 1 else []), *timing.details()]
        return Group(*parts)


def _place(timing: Timing) -> str:
    machine, state = timing.machine, timing.after
    versions = ", ".join(f"{package} {version}" for package, version in timing.versions.items())
    facts = [machine["board"] or machine["cpu"], machine["system"]]
    facts += [f"{state.clock_mhz:.0f} MHz"] if state.clock_mhz else []
    facts += [f"governor '{state.governor}'"] if state.governor else []
    facts += [f"{state.temperature_c:.0f} °C"] if state.temperature_c is not None else []
    return f"on {', '.join(facts)}, with {versions}"


@dataclass(frozen=True, repr=False)
class PairedTiming(Result):
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

    @property
    def headline(self) -> str:
        return f"{self.first.model} takes {self.median_ratio:.2f} times as long as {self.second.model}"

    def __rich__(self):
        from rich.console import Group
        from rich.text import Text

        return Group(self.first, Text(), self.second, Text(), Text(f"{self.headline}."))
