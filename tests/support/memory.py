"""Memory of the process that runs the tests: freed after each module, and watched."""

from __future__ import annotations

import ctypes
import gc
import os
import sys
from pathlib import Path

MOST_BYTES = 5 << 29 if os.environ.get("KERAS_BACKEND") == "jax" else 2 << 30
"""What a worker may take at most, so that two of them run beside a browser on a laptop of 8 GB. JAX needs more."""


def release_memory() -> None:
    """Frees what Keras keeps of earlier models and what refers to itself, and gives free memory back to the system."""
    loaded = [sys.modules[name] for name in ("tf_keras", "keras") if hasattr(sys.modules.get(name), "backend")]
    if not loaded:
        return
    for keras in loaded:
        keras.backend.clear_session()
    if "tensorflow.python.framework.ops" in sys.modules:
        _forget_gradients()
    if "jax" in sys.modules:
        sys.modules["jax"].clear_caches()  # of all that it has compiled
    gc.collect()
    libc = ctypes.CDLL(None)
    if hasattr(libc, "malloc_trim"):
        libc.malloc_trim(0)


def _forget_gradients() -> None:
    """TensorFlow registers the gradient of each call of a ``tf.custom_gradient`` by name, for ever.

    With it stays the whole graph of the call. Graphs that stand at this moment can no longer be differentiated.
    """
    registry = sys.modules["tensorflow.python.framework.ops"].gradient_registry._registry
    for name in [name for name in registry if name.startswith("CustomGradient-")]:
        del registry[name]


def peak_bytes() -> int:
    """The most memory that this process has taken so far; 0 on systems that do not tell."""
    status = Path("/proc/self/status")
    lines = status.read_text().splitlines() if status.exists() else []
    return next((int(line.split()[1]) << 10 for line in lines if line.startswith("VmHWM:")), 0)


def complaint(before: int, after: int) -> str | None:
    """What to say of tests that took a process, whose peak was ``before``, beyond ``MOST_BYTES``."""
    if not before <= MOST_BYTES < after:
        return None
    return f"These tests took the process to {after >> 20:,} MiB; it may take {MOST_BYTES >> 20:,} MiB at most."
