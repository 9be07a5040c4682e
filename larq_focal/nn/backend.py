"""Keras 3 itself, on the backend that it is set to or, where that is missing, on one that is there."""

from __future__ import annotations

import json
import os
import sys
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from types import ModuleType

from larq_focal._keras_version import INSTALL_LARQ

VARIABLE = "KERAS_BACKEND"
"""Keras' own environment variable."""
BACKENDS = ("jax", "torch", "tensorflow")
"""In the order in which one stands in for another."""
_BY_DEFAULT = "tensorflow"
_INSTALL = f"`pip install larq_focal[keras]` for Keras 3, {INSTALL_LARQ} for Keras 2 with Larq"


def import_keras() -> ModuleType:
    """Imports Keras 3, which by itself asks for TensorFlow where nobody chose a backend. The environment stays.

    Raises:
        ImportError: Keras is not installed, or none of its backends.
    """
    if find_spec("keras") is None:
        raise ImportError(f"This part of larq_focal needs Keras, which is not installed: {_INSTALL}.")
    if "keras" in sys.modules or VARIABLE in os.environ or _is_installed(_configured()):
        return import_module("keras")
    installed = next(filter(_is_installed, BACKENDS), None)
    if installed is None:
        raise ImportError(f"Keras 3 needs one of {', '.join(BACKENDS)}, and none is installed: {_INSTALL}.")
    os.environ[VARIABLE] = installed
    try:
        return import_module("keras")
    finally:
        del os.environ[VARIABLE]


def _is_installed(backend: str) -> bool:
    return find_spec(backend) is not None


def _configured() -> str:
    """The backend of Keras' own file of settings."""
    file = Path(os.environ.get("KERAS_HOME", Path.home() / ".keras"), "keras.json")
    try:
        return str(json.loads(file.read_text())["backend"])
    except (OSError, ValueError, KeyError, TypeError):
        return _BY_DEFAULT
