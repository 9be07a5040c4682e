"""Functions with a gradient that is not theirs: what makes a step trainable."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import ParamSpec

from larq_focal.keras import tf

P = ParamSpec("P")


def with_gradient(slope: Callable[P, tf.Tensor | float]) -> Callable[[Callable[P, tf.Tensor]], Callable[P, tf.Tensor]]:
    """Gives a function of tensors another derivative.

    Args:
        slope: Takes what the function takes, and returns what stands in for its derivative by the first argument, of
            the shape and type of that argument or to be broadcast to it.

    Returns:
        A decorator. Backward, the decorated function multiplies the upstream gradient by the slope; its arguments but
        the first, which is given by position, are constants to the gradient.
    """

    def decorate(function: Callable[P, tf.Tensor]) -> Callable[P, tf.Tensor]:
        @tf.autograph.experimental.do_not_convert  # nothing to convert, and it warns of slopes that are lambdas
        @wraps(function)
        def quantized(x, *others, **options):
            others = [tf.convert_to_tensor(each) if isinstance(each, tf.Variable) else each for each in others]

            @tf.custom_gradient
            def forward(x):
                return function(x, *others, **options), lambda upstream: upstream * slope(x, *others, **options)

            return forward(x)

        return quantized

    return decorate


def straight_through(function: Callable[P, tf.Tensor]) -> Callable[P, tf.Tensor]:
    """The function with the derivative of the identity: the gradient reaches its first argument unchanged.

    Source: Bengio, Leonard and Courville, "Estimating or Propagating Gradients Through Stochastic Neurons for
    Conditional Computation", https://arxiv.org/abs/1308.3432.
    """
    return with_gradient(lambda x, *others, **options: 1)(function)


def is_within(x: tf.Tensor, limit: tf.Tensor | float) -> tf.Tensor:
    """1 where |x| <= ``limit``, else 0, in the type of ``x``: the slope of a function clipped to the limit."""
    return tf.cast(tf.abs(x) <= limit, x.dtype)
