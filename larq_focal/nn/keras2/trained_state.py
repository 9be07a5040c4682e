"""What a training has made of a model's variables, to be read between two steps."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import tf_keras

from larq_focal.keras import keras, larq, tf


def quantized_variables(model: keras.Model) -> list[larq.quantized_variable.QuantizedVariable]:
    """The trained kernels that have a quantizer."""
    kind = larq.quantized_variable.QuantizedVariable
    return [each for each in model.trainable_variables if isinstance(each, kind) and each.quantizer]


def store_weights(model: keras.Model) -> None:
    """Nothing: the variables have the values of the last step."""


def compiled(function: Callable[[], Any], variables: Sequence[tf.Variable]) -> Callable[[], Any]:
    """``function``, which takes nothing and returns a tensor, compiled."""
    return tf.function(function)


def noise_state() -> None:
    """None: quantizers keep their noise in variables, and Keras 2 does not tell that of its own layers."""


def set_noise_state(state: np.ndarray) -> None:
    """Refuses a state, which is of another backend.

    Raises:
        ValueError: Always.
    """
    raise ValueError("Keras 2 takes no state of noise.")


def backend_name() -> str:
    """Of the backend that Keras runs on."""
    return "tensorflow"


def keras_version() -> str:
    """Of the Keras in use."""
    return tf_keras.__version__
