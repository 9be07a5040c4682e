"""Noise from counters that are weights, which are saved with the model: a resumed training goes on with its noise.

Backends draw different noise from the same seed. TensorFlow draws what it draws under Keras 2.
"""

from __future__ import annotations

import random
from typing import Any

import keras
from keras import ops

from larq_focal.nn.keras3.quantizer import Quantizer

_SEED_TYPES = {"tensorflow": "int64", "jax": "uint32"}
"""What each backend takes for a seed."""
_SPREAD = 2654435761
"""Odd, about 2^32 over the golden ratio."""


class _Drawn(keras.random.SeedGenerator):
    """A seed that is drawn already, for functions that want a generator of seeds."""

    def __init__(self, seed: Any):  # without a state of its own, which Keras would not save
        self.seed = seed

    def next(self, ordered: bool = True) -> Any:
        return self.seed


def add_noise_state(quantizer: Quantizer, name: str, seed: int | None) -> keras.Variable:
    """A non-trainable weight of ``quantizer``: the seed of its noise, and the number of draws so far.

    Args:
        quantizer: Whose ``build`` runs.
        name: Of the weight.
        seed: From 0 to 2^31 - 1; None takes one from Python's ``random``, which ``keras.utils.set_random_seed`` seeds.
    """
    first = random.randrange(2**31) if seed is None else seed
    return quantizer.add_weight(
        name=name,
        shape=(2,),
        dtype=_SEED_TYPES.get(keras.backend.backend(), "int32"),
        initializer=lambda shape, dtype: ops.convert_to_tensor([first, 0], dtype),
        trainable=False,
        autocast=False,
        aggregation="only_first_replica",
    )


def next_seed(state: keras.Variable) -> Any:
    """What :func:`uniform` takes, another at every call: the state, which is advanced by one draw."""
    seed = ops.convert_to_tensor(state) * 1  # a copy
    state.assign(seed + ops.convert_to_tensor([0, 1], state.dtype))
    if keras.backend.backend() != "torch":
        return seed
    # Keras takes the sum of both as the seed: apart, for two neighbouring seeds would share their noise.
    return ops.cast(seed, "int64") * ops.convert_to_tensor([_SPREAD, 1], "int64")


def uniform(shape: tuple[int, ...], seed: Any, low: float = 0.0) -> Any:
    """float32 from ``low`` to 1, without 1; the same for the same seed."""
    return keras.random.uniform(shape, low, 1.0, "float32", _Drawn(seed))
