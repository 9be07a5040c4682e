"""From a Keras model to a device: convert and audit, run, time. Running and timing need no TensorFlow."""

from larq_focal.deploy.checking import Check, check
from larq_focal.deploy.device import time_on_device
from larq_focal.deploy.machine import describe_machine
from larq_focal.deploy.memory import Memory, peak_memory
from larq_focal.deploy.prediction import Predictions, predict
from larq_focal.deploy.profile import Profile, profile_operations
from larq_focal.deploy.remote import Host, RemoteError, time_remote
from larq_focal.deploy.runtime import EngineError, Runtime
from larq_focal.deploy.timing import EmulatedProcessor, PairedTiming, ThreadSweep, Timing, paired, sweep_threads, time

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
