"""The one gate to TensorFlow, Keras 2 and Larq: package code imports ``tf``, ``keras`` and ``larq`` from here.

Importing this module loads TensorFlow. It raises an ImportError that names the mend where a part is missing or where
``tf.keras`` is Keras 3.
"""

from __future__ import annotations

from larq_focal._keras_version import use_keras_2

use_keras_2()

try:
    import tensorflow as tf

    use_keras_2()
    import larq
    from tensorflow import keras
    from tf_keras.src.engine.base_layer_utils import call_context as _call_context
except ModuleNotFoundError as error:
    if error.name not in ("tensorflow", "tf_keras", "larq"):
        raise
    raise ImportError(
        f"This part of larq_focal needs {error.name}, which is not installed: `pip install larq_focal[tensorflow]`."
    ) from error

__all__ = ["calling_layer", "keras", "larq", "tf"]


def calling_layer() -> keras.layers.Layer | None:
    """The layer whose ``call`` is running, None outside of every ``call``. Keras has no public way to ask."""
    return _call_context().layer
