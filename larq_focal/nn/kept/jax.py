"""What is kept for the backward pass, on JAX; the functions are those of :mod:`larq_focal.nn.kept.tensorflow`."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import jax
from jax import numpy as jnp

from larq_focal.nn.kept.samples import SAMPLES


def with_backward(forward: Callable, backward: Callable) -> Callable[..., jax.Array]:
    """A function of tensors with a backward pass of its own."""

    @jax.custom_vjp
    def function(*tensors):
        return forward(*tensors)[0]

    function.defvjp(forward, lambda kept, upstream: tuple(backward(kept, upstream)))
    return lambda *tensors: function(*map(jnp.asarray, tensors))


def of_shape(samples: Sequence[int], tensor: jax.Array) -> jax.Array:
    """``tensor``, whose shape is always known."""
    return tensor


def over_slices(function: Callable, *tensors: jax.Array) -> tuple[list[jax.Array], list[jax.Array]]:
    """``function`` of a few samples at a time."""
    whole = len(tensors[0]) // SAMPLES
    results = []
    if whole:
        cut = [each[: whole * SAMPLES].reshape(whole, SAMPLES, *each.shape[1:]) for each in tensors]
        results.append(_over_whole_slices(function, cut))
    if len(tensors[0]) % SAMPLES:
        results.append(function(*(each[whole * SAMPLES :] for each in tensors)))
    parts, sums = zip(*results, strict=True)
    return [jnp.concatenate(each) for each in zip(*parts, strict=True)], [sum(each) for each in zip(*sums, strict=True)]


def _over_whole_slices(function: Callable, cut: Sequence[jax.Array]) -> tuple[list[jax.Array], list[jax.Array]]:
    _, sums = jax.eval_shape(function, *(each[0] for each in cut))

    def step(sums, some):
        parts, terms = function(*some)
        return [total + each for total, each in zip(sums, terms, strict=True)], list(parts)

    sums, parts = jax.lax.scan(step, [jnp.zeros(each.shape, each.dtype) for each in sums], cut)
    return [each.reshape(-1, *each.shape[2:]) for each in parts], sums


def gradients(function: Callable, inputs: Sequence[jax.Array], upstream: jax.Array) -> Sequence[jax.Array]:
    """Of ``function(*inputs)`` by each of the inputs, times the upstream gradient."""
    return jax.vjp(function, *inputs)[1](upstream)
