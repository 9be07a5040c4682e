"""The one gate to TensorFlow, Keras 2 and Larq: code of that stack imports ``tf``, ``keras`` and ``larq`` from here.

Importing this module loads TensorFlow. It raises an ImportError that names the fix where a part is missing or where
the stack of this process is Keras 3.
"""

from __future__ import annotations

from importlib.util import find_spec
from typing import TYPE_CHECKING

from larq_focal._keras_version import CHOICE, INSTALL_LARQ, is_keras_3, use_keras_2

if TYPE_CHECKING:
    import larq

__all__ = ["calling_layer", "keras", "larq", "tf"]


def _missing(package: str) -> ImportError:
    return ImportError(f"This part of larq_focal needs {package}, which is not installed: {INSTALL_LARQ}.")


if is_keras_3() and find_spec("larq") is None:
    raise _missing("Keras 2 with Larq")
if is_keras_3():
    raise ImportError(
        "This part of larq_focal needs Keras 2 with Larq, but this process uses Keras 3. Start again with the "
        f"environment variable {CHOICE}=larq. Larq comes with {INSTALL_LARQ}."
    )
use_keras_2()
try:
    import tensorflow as tf
except ModuleNotFoundError as error:
    if error.name != "tensorflow":
        raise
    raise _missing("tensorflow") from error
use_keras_2()  # now that TensorFlow has decided

from tensorflow import keras  # noqa: E402
from tf_keras.src.engine.base_layer_utils import call_context as _call_context  # noqa: E402


def __getattr__(name: str):
    # Larq's import registers our quantizers, which come here for Larq: this module must be whole by then.
    if name != "larq":
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    try:
        import larq
    except ModuleNotFoundError as error:
        if error.name != "larq":
            raise
        raise _missing("larq") from error
    return larq


def calling_layer() -> keras.layers.Layer | None:
    """The layer whose ``call`` is running, None outside of every ``call``. Keras has no public way to ask."""
    return _call_context().layer
