"""Memory of models that are no longer needed."""

from __future__ import annotations

import ctypes
import gc
import sys


def release_memory() -> None:
    """Frees what Keras keeps of earlier models and what refers to itself, and gives free memory back to the system."""
    if "tf_keras" not in sys.modules:
        return
    sys.modules["tf_keras"].backend.clear_session()
    gc.collect()
    libc = ctypes.CDLL(None)
    if hasattr(libc, "malloc_trim"):
        libc.malloc_trim(0)
