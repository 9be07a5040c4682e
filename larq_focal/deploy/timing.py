"""How long one inference takes on this machine, and whether the figure can be trusted. Needs no TensorFlow."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass, field, fields
from pathlib import Path
from typing import Any

import numpy as np

from larq_focal.deploy.histogram import Histogram, spelled_ms
from larq_focal.deploy.machine import describe_machine, emulator
from larq_focal.deploy.measuring import Measurement, measure
from larq_focal.deploy.memory import Memory, peak_memory
from larq_focal.deploy.profile import Profile, profile_operations
from larq_focal.deploy.runtime import Runtime
from larq_focal.deploy.state import State, disturbances

_WIDE_SPREAD = 1.5
GIVEN = "given"
"""The source of a power that the caller gave."""


class EmulatedProcessor(RuntimeError):
    """This processor is emulated: what runs on it can be checked, and cannot be timed."""


@dataclass(frozen=True)
class Timing:
    """Wall time of single inferences in milliseconds, copying input and output included.

    ``before`` and ``after`` are the states of the machine around the timed runs, ``power_w`` what it drew meanwhile
    where it has a sensor or the caller knows. ``notes`` tell what makes the figures doubtful: a clock or temperature
    that moved, throttling, other work, a wide spread.
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


def time(
    model: str | Path | bytes | Runtime,
    *,
    threads: int = 1,
    runs: int | None = None,
    warmup: int | None = None,
    min_seconds: float = 1.0,
    engine: str = "auto",
    seed: int = 0,
    watts: float | None = None,
    memory: bool = False,
    profile: bool = False,
) -> Timing:
    """Times single inferences of a converted network on random input.

    Args:
        model: path or content of a ``.tflite`` file, or a ``Runtime`` (``threads`` and ``engine`` are then its own).
        threads: how many the engine may use.
        runs: inferences timed; by default at least 50 and as many as fill ``min_seconds``.
        warmup: inferences before; by default as many as it takes for the times to settle.
        min_seconds: shortest time to measure, where ``runs`` is not given.
        engine: see ``Runtime``.
        seed: of the random input.
        watts: what the machine draws meanwhile, where it has no sensor or yours is better.
        memory: measure the peak memory too, in a process of its own.
        profile: time every operation by itself too.

    Raises:
        EmulatedProcessor: this processor is emulated, so its times say nothing.
        ValueError: ``runs`` or ``watts`` is not positive or ``warmup`` is negative; and what ``Runtime`` raises.
    """
    runtime = _runtime(model, threads, engine)
    if watts is not None and not watts > 0:
        raise ValueError(f"The power must be above 0 W, not {watts}.")
    _refuse_emulation()
    measured = measure([runtime.prepare(seed)], runs, warmup, min_seconds)
    return _timing(
        runtime,
        measured,
        0,
        watts,
        memory=peak_memory(runtime.model, threads=runtime.threads, engine=runtime.engine) if memory else None,
        profile=profile_operations(runtime, seed=seed) if profile else None,
    )


def sweep_threads(model: str | Path | bytes, threads: Sequence[int], **options: Any) -> ThreadSweep:
    """Times a network with each number of ``threads``, one after the other; ``options`` as those of ``time``.

    Raises:
        ValueError: no number of threads is given; and what ``time`` raises.
    """
    if not threads:
        raise ValueError("Give at least one number of threads.")
    return ThreadSweep(tuple(time(model, threads=count, **options) for count in threads))


def paired(
    first: str | Path | bytes | Runtime,
    second: str | Path | bytes | Runtime,
    *,
    threads: int = 1,
    runs: int | None = None,
    warmup: int | None = None,
    min_seconds: float = 1.0,
    engine: str = "auto",
    seed: int = 0,
) -> PairedTiming:
    """Times two converted networks in turn and compares them. Arguments and errors as those of ``time``."""
    runtimes = [_runtime(model, threads, engine) for model in (first, second)]
    _refuse_emulation()
    measured = measure([runtime.prepare(seed) for runtime in runtimes], runs, warmup, min_seconds)
    times_ms = measured.times_ms
    timings = [_timing(runtime, measured, index) for index, runtime in enumerate(runtimes)]
    return PairedTiming(
        *timings,
        ratio_of_medians=timings[0].median_ms / timings[1].median_ms,
        median_ratio=float(np.median(times_ms[0] / times_ms[1])),
    )


def _runtime(model: str | Path | bytes | Runtime, threads: int, engine: str) -> Runtime:
    return model if isinstance(model, Runtime) else Runtime(model, threads=threads, engine=engine)


def _refuse_emulation() -> None:
    program = emulator()
    if program:
        raise EmulatedProcessor(
            f"This processor is emulated by {program}, so that times say nothing. Check the results instead "
            "(larq_focal.deploy.check), and time on a real one."
        )


def _timing(runtime: Runtime, measured: Measurement, index: int, watts: float | None = None, **parts: Any) -> Timing:
    times_ms, machine = measured.times_ms[index], describe_machine()
    lowest, median, p90 = (float(value) for value in np.percentile(times_ms, (0, 50, 90)))
    notes = disturbances(measured.before, measured.after, runtime.threads, machine["cores"])
    if measured.settled is False:
        notes.append(f"The times had not settled after {measured.warmups} runs of warm-up.")
    if p90 > _WIDE_SPREAD * lowest:
        notes.append(f"The slowest tenth of the runs took {p90 / lowest:.1f} times as long as the fastest, or longer.")
    return Timing(
        model=runtime.name,
        engine=runtime.engine,
        threads=runtime.threads,
        runs=len(times_ms),
        warmup=measured.warmups,
        min_ms=lowest,
        median_ms=median,
        p90_ms=p90,
        machine=machine,
        versions=runtime.versions,
        notes=tuple(notes),
        histogram=Histogram.of(times_ms),
        before=measured.before,
        after=measured.after,
        power_w=measured.power_w if watts is None else watts,
        power_source=measured.power_source if watts is None else GIVEN,
        **parts,
    )
