"""What a training has made of a model's variables, to be read between two steps."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import keras
import numpy as np

from larq_focal.nn.keras3.quantized_variable import QuantizedVariable


def quantized_variables(model: keras.Model) -> list[QuantizedVariable]:
    """The trained kernels that have a quantizer."""
    return [each for each in model.trainable_variables if isinstance(each, QuantizedVariable) and each.quantizer]


def store_weights(model: keras.Model) -> None:
    """Gives the variables the values of the last step: on JAX a training keeps them elsewhere until an epoch ends."""
    if keras.backend.backend() == "jax":
        model.jax_state_sync()


def compiled(function: Callable[[], Any], variables: Sequence[keras.Variable]) -> Callable[[], Any]:
    """``function`` compiled, where the backend compiles.

    Args:
        function: Takes nothing, reads variables, changes none, and returns a tensor.
        variables: All that it may read.
    """
    if keras.backend.backend() == "tensorflow":
        import tensorflow as tf

        return tf.function(function)
    if keras.backend.backend() != "jax":
        return function
    import jax

    @jax.jit
    def computed(values):
        with keras.StatelessScope(state_mapping=list(zip(variables, values, strict=True))):
            return function()

    return lambda: computed([variable.value for variable in variables])


def noise_state() -> np.ndarray | None:
    """The state of noise that is no variable: on torch, that of Keras' own layers without a seed; None elsewhere."""
    if keras.backend.backend() != "torch":
        return None
    import torch

    return torch.get_rng_state().numpy()


def set_noise_state(state: np.ndarray) -> None:
    """Goes on with the noise of a :func:`noise_state`.

    Raises:
        ValueError: It is none, or is of another backend.
    """
    if keras.backend.backend() != "torch":
        raise ValueError("Keras' noise has such a state on torch only.")
    import torch

    try:
        torch.set_rng_state(torch.from_numpy(state))
    except (RuntimeError, TypeError) as error:
        raise ValueError(f"This is not a state of torch's noise: {error}") from error


def backend_name() -> str:
    """Of the backend that Keras runs on: "tensorflow", "jax" or "torch"."""
    return keras.backend.backend()


def keras_version() -> str:
    """Of the Keras in use."""
    return keras.__version__
