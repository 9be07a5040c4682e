"""From a Keras model to a device: convert and audit, run, time. Running and timing need no TensorFlow."""

from __future__ import annotations

from typing import TYPE_CHECKING

from larq_focal.lazy_door import lazy_door

if TYPE_CHECKING:
    from larq_focal.deploy.checking import Check, check
    from larq_focal.deploy.device import time_on_device
    from larq_focal.deploy.machine import describe_machine
    from larq_focal.deploy.memory import Memory, peak_memory
    from larq_focal.deploy.prediction import Predictions, predict
    from larq_focal.deploy.profile import Profile, profile_operations
    from larq_focal.deploy.remote import Host, RemoteError, time_remote
    from larq_focal.deploy.runtime import EngineError, Runtime
    from larq_focal.deploy.timing import (
        EmulatedProcessor,
        PairedTiming,
        ThreadSweep,
        Timing,
        paired,
        sweep_threads,
        time,
    )

__all__ = [
    "Check",
    "EmulatedProcessor",
    "EngineError",
    "Host",
    "Memory",
    "PairedTiming",
    "Predictions",
    "Profile",
    "RemoteError",
    "Runtime",
    "ThreadSweep",
    "Timing",
    "check",
    "describe_machine",
    "paired",
    "peak_memory",
    "predict",
    "profile_operations",
    "sweep_threads",
    "time",
    "time_on_device",
    "time_remote",
]


if not TYPE_CHECKING:  # to a type checker this would make every name one of ours
    __getattr__, __dir__ = lazy_door(
        __name__,
        {
            "checking": ("Check", "check"),
            "device": ("time_on_device",),
            "machine": ("describe_machine",),
            "memory": ("Memory", "peak_memory"),
            "prediction": ("Predictions", "predict"),
            "profile": ("Profile", "profile_operations"),
            "remote": ("Host", "RemoteError", "time_remote"),
            "runtime": ("EngineError", "Runtime"),
            "timing": ("EmulatedProcessor", "PairedTiming", "ThreadSweep", "Timing", "paired", "sweep_threads", "time"),
        },
    )
