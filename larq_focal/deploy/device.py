"""What ``larq-focal time`` does on the machine that it runs on: time a network, or check it where time says nothing."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from larq_focal.deploy.checking import Check, check
from larq_focal.deploy.machine import emulator
from larq_focal.deploy.timing import ThreadSweep, Timing, sweep_threads

Result = Timing | ThreadSweep | Check


def time_on_device(
    model: str | Path | bytes, *, threads: Sequence[int] = (1,), engine: str = "auto", **options: Any
) -> Result:
    """Times a network with each number of threads; on an emulated processor checks its results instead.

    Args:
        model: path or content of a ``.tflite`` file.
        threads: how many the engine may use, in turn.
        engine: see ``Runtime``.
        options: the others of ``larq_focal.time``.

    Returns:
        A ``Timing`` for one number of threads, a ``ThreadSweep`` for several, a ``Check`` where time says nothing.

    Raises:
        ValueError, EngineError, OSError, ImportError: see ``larq_focal.time``.
    """
    if emulator():
        return check(model, threads=max(threads, default=1), engine=engine)
    sweep = sweep_threads(model, threads, engine=engine, **options)
    return sweep.timings[0] if len(sweep.timings) == 1 else sweep


def from_record(record: dict[str, Any]) -> Result:
    """The result that wrote ``record`` with its ``to_dict``.

    Raises:
        KeyError, TypeError: none did.
    """
    if "timings" in record:
        return ThreadSweep(tuple(map(Timing.from_dict, record["timings"])))
    return Check.from_dict(record) if "relative_difference" in record else Timing.from_dict(record)
