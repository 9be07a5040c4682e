"""Chooses Keras 2 (the package tf-keras) for ``tf.keras``, without importing TensorFlow."""

from __future__ import annotations

import os
import sys
from importlib.util import find_spec
from pathlib import Path

VARIABLE = "TF_USE_LEGACY_KERAS"


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
    keras_2 = find_spec("tf_keras")
    if keras_2 is None:
        raise ImportError("larq_focal needs Keras 2, which is not installed: `pip install tf-keras`.")
    chosen = find_spec("tensorflow.keras")
    if chosen is None or not Path(chosen.origin).is_relative_to(Path(keras_2.origin).parent):
        raise ImportError(
            "larq_focal needs Keras 2, but the TensorFlow already loaded has Keras 3 in tf.keras. Start again and set "
            f"the environment variable {VARIABLE}=1 before TensorFlow is imported, or import larq_focal before "
            "tensorflow. Keras 2 comes with `pip install tf-keras`."
        )
