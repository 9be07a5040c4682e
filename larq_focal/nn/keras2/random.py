"""Noise from counters that are weights."""

from __future__ import annotations

import random

from larq_focal.keras import tf
from larq_focal.nn.keras2.quantizer import Quantizer


def add_noise_state(quantizer: Quantizer, name: str, seed: int | None) -> tf.Variable:
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
        dtype=tf.int64,
        initializer=lambda shape, dtype: tf.constant([first, 0], dtype, shape),
        trainable=False,
        aggregation="only_first_replica",
    )


def next_seed(state: tf.Variable) -> tf.Tensor:
    """What :func:`uniform` takes, another at every call: the state, which is advanced by one draw."""
    seed = tf.convert_to_tensor(state)
    state.assign_add([0, 1])
    return seed


def uniform(shape: tuple[int | tf.Tensor, ...], seed: tf.Tensor, low: float = 0.0) -> tf.Tensor:
    """float32 from ``low`` to 1, without 1; the same for the same seed."""
    return tf.random.stateless_uniform(shape, seed, minval=low)
