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
    _forget_gradients()
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
