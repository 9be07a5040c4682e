"""Chooses the stack that networks are trained on, Keras 3 or Keras 2 with Larq, without importing either."""

from __future__ import annotations

import os
import sys
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import Literal

Stack = Literal["keras", "larq"]

CHOICE = "LARQ_FOCAL_STACK"
"""The environment variable that chooses: "keras" or "larq"."""
VARIABLE = "TF_USE_LEGACY_KERAS"
"""TensorFlow's own: "1" makes ``tf.keras`` Keras 2."""


INSTALL_LARQ = "`pip install larq_focal[larq]` (Python 3.10 to 3.12)"
"""What installs Larq's stack. Its compute engine has no packages for later Pythons, where the extra brings nothing."""


@cache
def stack() -> Stack:
    """The stack of this process: "keras" for Keras 3, "larq" for Keras 2 with Larq. It stays as it is first chosen.

    What the environment variable ``LARQ_FOCAL_STACK`` says; else the one whose packages are imported already; else Larq
    where it is installed with TensorFlow and Keras 2, unless ``TF_USE_LEGACY_KERAS`` says no; else Keras 3.

    Raises:
        ValueError: ``LARQ_FOCAL_STACK`` names another one.
    """
    chosen = os.environ.get(CHOICE)
    if chosen:
        if chosen not in ("keras", "larq"):
            raise ValueError(f"The environment variable {CHOICE} must be 'keras' or 'larq', but is {chosen!r}.")
        return chosen
    if "larq" in sys.modules or "tf_keras" in sys.modules:
        return "larq"
    if _keras_3_is_imported():
        return "keras"
    if os.environ.get(VARIABLE, "1").lower() not in ("1", "true"):
        return "keras"
    return "larq" if all(map(find_spec, ("larq", "tensorflow", "tf_keras"))) else "keras"


def is_keras_3() -> bool:
    """Whether the stack of this process is Keras 3."""
    return stack() == "keras"


def use_keras_2() -> None:
    """Makes ``tf.keras`` Keras 2, or says why it cannot.

    While it is imported, TensorFlow asks the environment where ``tensorflow.keras`` is, for good. Before, the variable
    can still be set, where the user has not set it; after, only the answer can be checked. (``tf.keras`` itself may
    resolve later, so that a variable set in between would give a process both versions.)

    Raises:
        ImportError: TensorFlow is loaded, and its Keras is Keras 3 or missing.
    """
    if "tensorflow" not in sys.modules:
        os.environ.setdefault(VARIABLE, "1")
        return
    if find_spec("tf_keras") is None:
        raise ImportError("Larq needs Keras 2, which is not installed: `pip install tf-keras`.")
    if not _tensorflow_has_keras_2():
        raise ImportError(
            "Larq needs Keras 2, but the TensorFlow already loaded has Keras 3 in tf.keras. Start again and set the "
            f"environment variable {VARIABLE}=1 before TensorFlow is imported, or import larq_focal before tensorflow. "
            "Keras 2 comes with `pip install tf-keras`."
        )


def _keras_3_is_imported() -> bool:
    """Keras 3 by itself, or as what the loaded TensorFlow has for Keras."""
    if "tensorflow" in sys.modules:
        return not _tensorflow_has_keras_2()
    return hasattr(sys.modules.get("keras"), "ops")


def _tensorflow_has_keras_2() -> bool:
    """Whether the loaded TensorFlow looks for its Keras in tf_keras."""
    keras_2, chosen = find_spec("tf_keras"), find_spec("tensorflow.keras")
    if keras_2 is None or chosen is None:
        return False
    return Path(chosen.origin).is_relative_to(Path(keras_2.origin).parent)
