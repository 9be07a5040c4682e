"""From a Keras model to a device: convert and audit, run, time. Running and timing need no TensorFlow."""

from larq_focal.deploy.machine import describe_machine
from larq_focal.deploy.runtime import EngineError, Runtime
from larq_focal.deploy.timing import PairedTiming, Timing, paired, time

__all__ = ["EngineError", "PairedTiming", "Runtime", "Timing", "describe_machine", "paired", "time"]
