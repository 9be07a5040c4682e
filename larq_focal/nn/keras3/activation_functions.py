"""Activation functions that Keras 3 does not have, or has with other numbers."""

from __future__ import annotations

import keras

PACKAGE = "larq_focal"


@keras.saving.register_keras_serializable(PACKAGE)
def hard_sigmoid_of_keras_2(x):
    """``0.2 x + 0.5``, limited to 0 and 1; that of Keras 3 rises by 1/6."""
    return keras.ops.clip(0.2 * x + 0.5, 0.0, 1.0)


@keras.saving.register_keras_serializable(PACKAGE)
def leaky_tanh(x, alpha: float = 0.2):
    """x where |x| <= 1, and beyond with the slope ``alpha``: Larq's function of that name."""
    return keras.ops.clip(x, -1.0, 1.0) + alpha * (keras.ops.maximum(x, 1.0) - 1 + keras.ops.minimum(x, -1.0) + 1)


OF_KERAS_2 = {
    "hard_sigmoid": f"{PACKAGE}>hard_sigmoid_of_keras_2",
    "leaky_tanh": f"{PACKAGE}>leaky_tanh",
}
"""The names under which they are registered, by those that Keras 2 and Larq have for them."""
