"""Gradients of functions of tensors, on the backend that Keras runs on."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import keras
import numpy as np
from keras import ops

BACKEND = keras.backend.backend()


LARGEST_ERROR = 3e-5
"""Of a gradient, against one of float64: :func:`difference` of it."""


def difference(found: np.ndarray, expected: np.ndarray) -> float:
    """The largest one, relative to the largest number where that is above 1."""
    expected = np.asarray(expected, np.float64)
    return float(np.abs(found - expected).max(initial=0) / max(1.0, np.abs(expected).max(initial=0)))


def gradient(function: Callable[[Any], Any], x: np.ndarray, upstream: np.ndarray) -> np.ndarray:
    """The derivative of ``sum(function(x) * upstream)`` by x."""

    def loss(x):
        return ops.sum(function(x) * ops.convert_to_tensor(upstream))

    if BACKEND == "jax":
        import jax

        return np.asarray(jax.grad(loss)(ops.convert_to_tensor(x)))
    if BACKEND == "torch":
        tensor = ops.convert_to_tensor(x).detach().requires_grad_(True)
        loss(tensor).backward()
        return tensor.grad.numpy()
    import tensorflow as tf

    tensor = tf.constant(x)
    with tf.GradientTape() as tape:
        tape.watch(tensor)
        value = loss(tensor)
    return tape.gradient(value, tensor).numpy()


def layer_gradients(
    layer: keras.layers.Layer, x: np.ndarray, upstream: np.ndarray, **options: Any
) -> Sequence[np.ndarray | None]:
    """The derivatives of ``sum(layer(x) * upstream)`` by x and by each trainable variable, None where there is none."""
    variables = layer.trainable_variables
    if BACKEND == "jax":
        import jax

        def loss(x, values):
            outputs, _ = layer.stateless_call(
                values, [each.value for each in layer.non_trainable_variables], x, **options
            )
            return ops.sum(outputs * upstream)

        by_x, by_values = jax.grad(loss, (0, 1))(ops.convert_to_tensor(x), [each.value for each in variables])
        return [np.asarray(each) for each in (by_x, *by_values)]
    if BACKEND == "torch":
        tensor = ops.convert_to_tensor(x).detach().requires_grad_(True)
        layer.zero_grad()
        total = ops.sum(layer(tensor, **options) * ops.convert_to_tensor(upstream))
        if not total.requires_grad:
            return [None] * (1 + len(variables))
        total.backward()
        return [
            tensor.grad.numpy(),
            *(None if each.value.grad is None else each.value.grad.numpy() for each in variables),
        ]
    import tensorflow as tf

    tensor = tf.constant(x)
    with tf.GradientTape() as tape:
        tape.watch(tensor)
        value = tf.reduce_sum(layer(tensor, **options) * upstream)
    return [
        each if each is None else each.numpy()
        for each in tape.gradient(value, [tensor, *(each.value for each in variables)])
    ]
