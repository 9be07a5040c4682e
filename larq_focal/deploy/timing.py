"""How long one inference takes on this machine, and whether the figure can be trusted. Needs no TensorFlow."""

from __future__ import annotations

import gc
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from time import perf_counter_ns
from typing import Any

import numpy as np

from larq_focal.deploy.machine import describe_machine, load, throttling
from larq_focal.deploy.runtime import Runtime

MIN_RUNS, MAX_RUNS = 50, 100_000
_MAX_TIMES_LONGER = 30  # a slow network may take this many times min_seconds for its MIN_RUNS
_MIN_WARMUP = 5
_HOT_C = 80.0  # where Raspberry Pis begin to slow down
_WIDE_SPREAD = 1.5


@dataclass(frozen=True)
class Timing:
    """Wall time of single inferences in milliseconds, copying input and output included.

    ``notes`` tell what makes the figures doubtful: a varying clock, heat, other work, a wide spread.
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

    def to_dict(self) -> dict[str, Any]:
        return asdict(self) | {"notes": list(self.notes)}

    def __rich__(self):
        from rich.console import Group
        from rich.table import Table
        from rich.text import Text

        table = Table(title=Text(f"{self.model}: one inference"))
        for column in ("engine", "threads", "runs", "minimum", "median", "90 %"):
            table.add_column(column, justify="left" if column == "engine" else "right")
        figures = (_spelled(value) for value in (self.min_ms, self.median_ms, self.p90_ms))
        table.add_row(self.engine, str(self.threads), str(self.runs), *figures)
        notes = (Text.assemble(("Note: ", "yellow"), note) for note in self.notes)
        return Group(table, Text(self._place(), "dim"), *notes)

    def _place(self) -> str:
        where = self.machine["board"] or self.machine["cpu"]
        versions = ", ".join(f"{package} {version}" for package, version in self.versions.items())
        return f"on {where}, {self.machine['system']}, with {versions}"


def _spelled(time_ms: float) -> str:
    return f"{time_ms:.3f} ms" if time_ms >= 0.1 else f"{time_ms * 1000:.2f} µs"


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
) -> Timing:
    """Times single inferences of a converted network on random input.

    Args:
        model: path or content of a ``.tflite`` file, or a ``Runtime`` (``threads`` and ``engine`` are then its own).
        threads: how many the engine may use.
        runs: inferences timed; by default at least 50 and as many as fill ``min_seconds``.
        warmup: inferences before; by default as many as fill a fifth of ``min_seconds``, and at least 5.
        min_seconds: shortest time to measure, where ``runs`` is not given.
        engine: see ``Runtime``.
        seed: of the random input.

    Raises:
        ValueError: ``runs`` is not positive or ``warmup`` is negative; and what ``Runtime`` raises.
    """
    runtime = _runtime(model, threads, engine)
    (times_ms,), warmups, notes = _measure([runtime.prepare(seed)], runs, warmup, min_seconds, runtime.threads)
    return _timing(runtime, times_ms, warmups, notes)


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
    """Times two converted networks in turn and compares them. Arguments as those of ``time``."""
    runtimes = [_runtime(model, threads, engine) for model in (first, second)]
    calls = [runtime.prepare(seed) for runtime in runtimes]
    times_ms, warmups, notes = _measure(calls, runs, warmup, min_seconds, max(r.threads for r in runtimes))
    timings = [_timing(runtime, row, warmups, notes) for runtime, row in zip(runtimes, times_ms, strict=True)]
    return PairedTiming(
        *timings,
        ratio_of_medians=timings[0].median_ms / timings[1].median_ms,
        median_ratio=float(np.median(times_ms[0] / times_ms[1])),
    )


def _runtime(model: str | Path | bytes | Runtime, threads: int, engine: str) -> Runtime:
    return model if isinstance(model, Runtime) else Runtime(model, threads=threads, engine=engine)


def _timing(runtime: Runtime, times_ms: np.ndarray, warmups: int, notes: tuple[str, ...]) -> Timing:
    lowest, median, p90 = (float(value) for value in np.percentile(times_ms, (0, 50, 90)))
    if p90 > _WIDE_SPREAD * lowest:
        notes += (f"The slowest tenth of the runs took {p90 / lowest:.1f} times as long as the fastest, or longer.",)
    return Timing(
        model=runtime.name,
        engine=runtime.engine,
        threads=runtime.threads,
        runs=len(times_ms),
        warmup=warmups,
        min_ms=lowest,
        median_ms=median,
        p90_ms=p90,
        machine=describe_machine(),
        versions=runtime.versions,
        notes=notes,
    )


def _measure(
    calls: Sequence[Callable[[], object]],
    runs: int | None,
    warmup: int | None,
    min_seconds: float,
    threads: int,
) -> tuple[np.ndarray, int, tuple[str, ...]]:
    """Times in ms ``[calls, runs]``, the number of warm-ups, and what disturbs the machine."""
    if (runs is not None and runs < 1) or (warmup is not None and warmup < 0):
        raise ValueError(f"There must be at least one run and no negative warm-up, not {runs} and {warmup}.")
    load_before = load()
    warmups = len(_rounds(calls, _enough(warmup, _MIN_WARMUP, min_seconds / 5)))
    was_collecting = gc.isenabled()
    gc.disable()
    try:
        times_ns = _rounds(calls, _enough(runs, MIN_RUNS, min_seconds))
    finally:
        if was_collecting:
            gc.enable()
    return np.array(times_ns).T / 1e6, warmups, _disturbances(load_before, threads)


def _rounds(calls: Sequence[Callable[[], object]], is_enough: Callable[[int, float], bool]) -> list[list[int]]:
    """Times in ns ``[rounds][calls]``; every other round takes the calls in reverse."""
    rounds: list[list[int]] = []
    order = range(len(calls))
    begin = perf_counter_ns()
    while not is_enough(len(rounds), (perf_counter_ns() - begin) / 1e9):
        times = [0] * len(calls)
        for index in order:
            start = perf_counter_ns()
            calls[index]()
            times[index] = perf_counter_ns() - start
        rounds.append(times)
        order = order[::-1]
    return rounds


def _enough(count: int | None, least: int, seconds: float) -> Callable[[int, float], bool]:
    """Whether so many rounds in so many seconds are enough: ``count``, or ``least`` and ``seconds`` within bounds."""
    if count is not None:
        return lambda rounds, _: rounds >= count

    def is_enough(rounds: int, elapsed: float) -> bool:
        if rounds >= MAX_RUNS or (rounds > 0 and elapsed >= _MAX_TIMES_LONGER * seconds):
            return True
        return rounds >= least and elapsed >= seconds

    return is_enough


def _disturbances(load_before: float, threads: int) -> tuple[str, ...]:
    machine, notes = describe_machine(), []
    governor, degrees, cores = machine["governor"], machine["temperature_c"], machine["cores"]
    if governor not in (None, "performance"):
        notes.append(
            f"The clock varies with the work (governor '{governor}'): sudo cpupower frequency-set -g performance"
        )
    if degrees is not None and degrees >= _HOT_C:
        notes.append(f"The processor is at {degrees:.0f} °C, where it may slow down: cool it.")
    notes += [f"Since it was switched on, {text}." for text in throttling()]
    if load_before + threads > cores + 0.5:
        notes.append(f"Other work competes for the {cores} cores (load {load_before:.1f} before the start).")
    return tuple(notes)
