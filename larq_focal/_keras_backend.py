"""The backend of Keras 3: the one that it is set to or, where that is missing, one that is installed."""

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


def use_installed_backend() -> None:
    """Sets ``KERAS_BACKEND`` where nobody chose a backend and the one that Keras takes by itself is not installed.

    So ``import keras`` works after ``import larq_focal`` without TensorFlow.
    """
    if "keras" in sys.modules or VARIABLE in os.environ or not _is_installed("keras") or _is_installed(_configured()):
        return
    if (installed := next(filter(_is_installed, BACKENDS), None)) is not None:
        os.environ[VARIABLE] = installed


def import_keras() -> ModuleType:
    """Imports Keras 3.

    Raises:
        ImportError: Keras is not installed, or none of its backends.
    """
    if not _is_installed("keras"):
        raise ImportError(f"This part of larq_focal needs Keras, which is not installed: {_INSTALL}.")
    if "keras" not in sys.modules and not any(map(_is_installed, BACKENDS)):
        raise ImportError(f"Keras 3 needs one of {', '.join(BACKENDS)}, and none is installed: {_INSTALL}.")
    use_installed_backend()
    return import_module("keras")


def _is_installed(package: str) -> bool:
    return find_spec(package) is not None


def _configured() -> str:
    """The backend of Keras' own file of settings."""
    file = Path(os.environ.get("KERAS_HOME", Path.home() / ".keras"), "keras.json")
    try:
        return str(json.loads(file.read_text())["backend"])
    except (OSError, ValueError, KeyError, TypeError):
        return _BY_DEFAULT
