"""Small networks for conversion, and quantizers written in the ways that people write them."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from larq_focal.deploy.audit.agreement import FLOAT_TOLERANCE
from larq_focal.deploy.audit.outputs import as_data, keras_outputs
from larq_focal.keras import keras, larq, tf

layers = keras.layers
IMAGE = (8, 8, 32)


def off_ties(model: keras.Model, samples: int = 16) -> dict[str, np.ndarray]:
    """Random inputs for which the largest output leads the next by more than rounding, which differs by processor."""
    drawn = [as_data(model, None, seed) for seed in range(6)]
    data = {name: np.concatenate([part[name] for part in drawn]) for name in drawn[0]}
    leads = []
    for output in keras_outputs(model, data):
        rows = output.reshape(len(output), -1)
        *_, second, first = np.sort(np.pad(rows, ((0, 0), (1, 0)), constant_values=-np.inf)).T
        leads.append(first - second > FLOAT_TOLERANCE * np.abs(rows).max())
    chosen = np.flatnonzero(np.all(leads, axis=0))[:samples]
    assert len(chosen) == samples, "too many ties"
    return {name: array[chosen] for name, array in data.items()}


def quantizer(function: Callable, precision: int | None = 1):
    """A quantizer as a user would write it: a function with the precision that it claims."""

    def call(x):
        return function(x)

    call.__name__ = "own_quantizer"
    if precision is not None:
        call.precision = precision
    return call


def convolution(input_quantizer="ste_sign", kernel_quantizer="ste_sign", **options) -> layers.Layer:
    options = {"filters": 32, "kernel_size": 3, "name": "layer", "kernel_initializer": random_kernel()} | options
    return larq.layers.QuantConv2D(input_quantizer=input_quantizer, kernel_quantizer=kernel_quantizer, **options)


def random_kernel(seed: int = 1) -> keras.initializers.Initializer:
    return keras.initializers.RandomNormal(seed=seed)


def network(*stack: layers.Layer, shape=IMAGE, name: str = "network") -> keras.Model:
    return keras.Sequential([layers.Input(shape), *stack], name=name)


class Times(layers.Layer):
    """The input times a constant."""

    def __init__(self, constant, **kwargs):
        super().__init__(**kwargs)
        self.constant = np.asarray(constant, np.float32)

    def call(self, x):
        return x * self.constant


def signs(*shape: int, seed: int = 0) -> np.ndarray:
    return np.where(np.random.default_rng(seed).normal(size=shape) < 0, -1, 1).astype(np.float32)


def positive(*shape: int, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).uniform(0.5, 1.5, shape).astype(np.float32)


def sign(x):
    return tf.where(x >= 0, tf.ones_like(x), -tf.ones_like(x))
