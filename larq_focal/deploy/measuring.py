"""Times calls: warms up until the times have settled, then runs them in turn and watches the machine."""

from __future__ import annotations

import gc
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from time import perf_counter_ns

import numpy as np

from larq_focal.deploy.power import find_power_meter
from larq_focal.deploy.state import OtherWork, State, read_state

MIN_RUNS, MAX_RUNS = 50, 100_000
MIN_WARMUP = 5
_MAX_TIMES_LONGER = 30  # a slow network may take this many times min_seconds for its MIN_RUNS
_SETTLED = 0.03  # medians of two blocks of warm-up runs that differ by no more
_MAX_WARMUP_SECONDS = 3  # times min_seconds
Call = Callable[[], object]


@dataclass(frozen=True, eq=False)
class Measurement:
    """Times in ms ``[calls, runs]``, and the machine around them.

    ``first_ms`` are the times of the very first calls ``[calls]``, before anything was warm.
    ``other_cores`` is how many cores the rest of the machine kept busy, None if that is not known.
    ``settled`` is False where the times still changed when the warm-up had to end, and None where the number of warm-up
    runs was prescribed.
    """

    times_ms: np.ndarray
    first_ms: np.ndarray
    warmups: int
    settled: bool | None
    before: State
    after: State
    power_w: float | None
    power_source: str | None
    other_cores: float | None


def measure(calls: Sequence[Call], runs: int | None, warmup: int | None, min_seconds: float) -> Measurement:
    """Times ``calls`` in turn; every other round takes them in reverse.

    Args:
        calls: what to time.
        runs: rounds; by default at least ``MIN_RUNS`` and as many as fill ``min_seconds``.
        warmup: rounds before; by default as many as it takes for the times to settle.
        min_seconds: shortest time to measure.

    Raises:
        ValueError: ``runs`` is not positive, or ``warmup`` is negative.
    """
    if (runs is not None and runs < 1) or (warmup is not None and warmup < 0):
        raise ValueError(f"There must be at least one run and no negative warm-up, not {runs} and {warmup}.")
    warm, settled = _warm_up(calls, warmup, min_seconds)
    meter = find_power_meter()
    before = read_state()
    was_collecting = gc.isenabled()
    gc.disable()
    try:
        others = OtherWork()
        if meter:
            meter.start()
        times_ns = _rounds(calls, _enough(runs, MIN_RUNS, min_seconds), meter.sample if meter else lambda: None)
        power_w, other_cores = meter.stop() if meter else None, others.cores()
    finally:
        if was_collecting:
            gc.enable()
    source = meter.source if power_w is not None else None
    times_ms, after = np.array(times_ns).T / 1e6, read_state()
    first_ms = np.array((warm or times_ns)[0]) / 1e6
    return Measurement(times_ms, first_ms, len(warm), settled, before, after, power_w, source, other_cores)


def median_ms(call: Call, least: int, min_seconds: float) -> float:
    """The median time of at least so many calls, after as many for warming up, without watching the machine."""
    _rounds([call], _enough(None, least, min_seconds))
    return float(np.median(_rounds([call], _enough(None, least, min_seconds)))) / 1e6


def _warm_up(calls: Sequence[Call], count: int | None, min_seconds: float) -> tuple[list[list[int]], bool | None]:
    """The rounds that were run, as ``_rounds`` gives them, and whether their times settled."""
    if count is not None:
        return _rounds(calls, _enough(count, 0, 0)), None
    begin = perf_counter_ns()
    block = _rounds(calls, _enough(None, MIN_WARMUP, min_seconds / 10))
    run, settled = block, False
    while not settled:
        last_ns = np.median(np.sum(block, axis=1))
        block = _rounds(calls, _enough(None, MIN_WARMUP, min_seconds / 10))
        run = run + block
        settled = bool(abs(np.median(np.sum(block, axis=1)) / last_ns - 1) <= _SETTLED)
        if (perf_counter_ns() - begin) / 1e9 >= _MAX_WARMUP_SECONDS * min_seconds:
            break
    return run, settled


def _rounds(
    calls: Sequence[Call], is_enough: Callable[[int, float], bool], between: Callable[[], None] = lambda: None
) -> list[list[int]]:
    """Times in ns ``[rounds][calls]``; ``between`` is called after each round."""
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
        between()
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
