"""How long one inference takes on this machine, and whether the figure can be trusted. Needs no TensorFlow."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from larq_focal.deploy.histogram import Histogram
from larq_focal.deploy.machine import describe_machine, emulator
from larq_focal.deploy.measuring import Measurement, measure
from larq_focal.deploy.memory import peak_memory
from larq_focal.deploy.profile import profile_operations, require_profiled
from larq_focal.deploy.runtime import Runtime
from larq_focal.deploy.state import disturbances
from larq_focal.deploy.timing_results import PairedTiming, ThreadSweep, Timing

_WIDE_SPREAD = 1.5
GIVEN = "given"
"""The source of a power that the caller gave."""


class EmulatedProcessor(RuntimeError):
    """This processor is emulated: what runs on it can be checked, and cannot be timed."""


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
    if profile:
        require_profiled(runtime)
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
    lowest, median, p90, p99 = (float(value) for value in np.percentile(times_ms, (0, 50, 90, 99)))
    notes = [
        *runtime.notes,
        *disturbances(measured.before, measured.after, runtime.threads, machine["cores"], others=measured.other_cores),
    ]
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
        p99_ms=p99,
        first_ms=float(measured.first_ms[index]),
        machine=machine,
        versions=runtime.versions,
        notes=tuple(notes),
        histogram=Histogram.of(times_ms),
        before=measured.before,
        after=measured.after,
        other_cores=measured.other_cores,
        power_w=measured.power_w if watts is None else watts,
        power_source=measured.power_source if watts is None else GIVEN,
        **parts,
    )
