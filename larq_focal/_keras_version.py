"""Chooses Keras 2 (the package tf-keras) for ``tf.keras``, without importing TensorFlow."""

from __future__ import annotations

import os
import sys

VARIABLE = "TF_USE_LEGACY_KERAS"

MEND = (
    f"Larq needs Keras 2: set the environment variable {VARIABLE}=1 before TensorFlow is imported, or import "
    "larq_focal before tensorflow, in a new process. Keras 2 comes with `pip install tf-keras`."
)


def use_keras_2() -> None:
    """Makes ``tf.keras`` Keras 2, or says why it cannot.

    TensorFlow decides what ``tf.keras`` is once, mostly while it is imported, and asks the environment. So the
    variable is set where the user has not set it, and the decision is checked where it may have been made.

    Raises:
        ImportError: TensorFlow is loaded, and its ``tf.keras`` is Keras 3 or missing.
    """
    os.environ.setdefault(VARIABLE, "1")
    tensorflow = sys.modules.get("tensorflow")
    if tensorflow is None:
        return
    try:
        package = tensorflow.keras.Model.__module__.partition(".")[0]
    except ImportError as error:
        raise ImportError(f"larq_focal finds no Keras in TensorFlow ({error}). {MEND}") from error
    if package != "tf_keras":
        raise ImportError(f"larq_focal finds Keras 3 in tf.keras of the TensorFlow already loaded. {MEND}")
