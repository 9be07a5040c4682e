"""The wall to Keras: what quantizers, layers and networks are built from, on Keras 3 as on Keras 2 with Larq.

Two rooms stand behind it: ``nn.keras3`` runs on every backend, ``nn.keras2`` is all that says TensorFlow or Larq. What
is imported from here means the same on both:

    keras             the module of the Keras in use
    ops               functions of tensors, by their names in ``keras.ops``
    with_gradient     gives a function another derivative; straight_through, is_within
    Quantizer         the base of quantizers, a Keras layer whose weights are made in ``build``
    MeasuredWeight    a trained scale of a quantizer that begins with what the first training step measures
    register          makes a class known to Keras by its name, and by aliases
    random            noise from counters that are weights, so that a resumed training goes on with the same noise
    sublayers         all layers inside of a model or layer
    get_quantizer     the quantizer of an alias, a class or a configuration
    calling_layer     the quantized layer that reads a quantizer
    needs_no_constraint   says of a kernel quantizer that it loses no weights beyond 1
    Layer             the base of layers, with ``add_weight`` as in Keras 3
    ReplacedConv2D    a ``QuantConv2D`` whose ``product`` of quantized inputs and kernel a subclass may replace
    with_backward     a function that says what it keeps for its backward pass
    over_slices, at_once, of_shape, gradients   of functions of a batch: see ``nn.kept``
    latent_kernel     the kernel of a quantized layer as it is trained
    quantized_kernel  the kernel of a quantized layer as it computes with it
    quantized_scope   inside of it, the kernel of a quantized layer reads as quantized
    quantized_variables, times_called, store_weights, compiled, noise_state   what a training asks
    backend_name, keras_version   of the Keras in use
    padded, added     an image with a value around it; the sum of tensors

Larq's quantizers and quantized layers are here too: ``SteSign``, ``QuantConv2D`` and the others, Larq's own under
Keras 2.
"""

from collections.abc import Callable
from typing import Any, ParamSpec, TypeAlias

from larq_focal._keras_backend import import_keras
from larq_focal._keras_version import is_keras_3

if is_keras_3():
    import_keras()
    from larq_focal.nn import keras3 as _room
    from larq_focal.nn.keras3 import *  # noqa: F403
    from larq_focal.nn.keras3 import ops, with_gradient
else:
    from larq_focal.nn import keras2 as _room
    from larq_focal.nn.keras2 import *  # noqa: F403
    from larq_focal.nn.keras2 import ops, with_gradient

P = ParamSpec("P")

Tensor: TypeAlias = Any
"""A tensor of the backend in use."""


def straight_through(function: Callable[P, Tensor]) -> Callable[P, Tensor]:
    """The function with the derivative of the identity: the gradient reaches its first argument unchanged.

    Source: Bengio, Leonard and Courville, "Estimating or Propagating Gradients Through Stochastic Neurons for
    Conditional Computation", https://arxiv.org/abs/1308.3432.
    """
    return with_gradient(lambda x, *others, **options: 1)(function)


def at_once(function: Callable, *tensors: Tensor) -> tuple:
    """``function(*tensors)``: what stands in for ``over_slices`` where a batch is small."""
    return function(*tensors)


def is_within(x: Tensor, limit: Tensor | float) -> Tensor:
    """1 where |x| <= ``limit``, else 0, in the type of ``x``: the slope of a function clipped to the limit."""
    return ops.cast(ops.abs(x) <= limit, x.dtype)


__all__ = [*_room.__all__, "Tensor", "at_once", "is_keras_3", "is_within", "straight_through"]
