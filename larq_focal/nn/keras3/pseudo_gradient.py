"""Functions with a gradient that is not theirs: what makes a step trainable."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any, ParamSpec

from keras import ops

P = ParamSpec("P")


def with_gradient(slope: Callable[P, Any], by: int = 1) -> Callable[[Callable[P, Any]], Callable[P, Any]]:
    """Gives a function of tensors another derivative.

    Args:
        slope: Takes what the function takes, and returns what stands in for its derivative by the first argument; where
            ``by`` is more than 1, a tuple of the derivatives by each of the first arguments. Of the type of the
            arguments, of shapes that broadcast to that of the function's value, finite where the argument is.
        by: How many arguments have a derivative. They are given by position.

    Returns:
        A decorator. Backward, the decorated function multiplies the upstream gradient by each slope, and sums where
        the argument was broadcast. All other arguments are constants to the gradient.
    """

    def decorate(function: Callable[P, Any]) -> Callable[P, Any]:
        @wraps(function)
        def quantized(*arguments, **options):
            trained = [ops.convert_to_tensor(each) for each in arguments[:by]]
            constants = [ops.stop_gradient(each) for each in trained]
            slopes = slope(*constants, *arguments[by:], **options)
            value = ops.stop_gradient(function(*constants, *arguments[by:], **options))
            for argument, each in zip(trained, slopes if by > 1 else (slopes,), strict=True):
                value = value + _zero(argument) * _constant(each)
            return value

        return quantized

    return decorate


def _zero(x: Any) -> Any:
    """0, with the derivative 1 by ``x`` where ``x`` is finite, and 0 elsewhere: infinity less itself is not 0."""
    finite = ops.where(ops.isfinite(x), x, ops.zeros_like(x))
    return finite - ops.stop_gradient(finite)


def _constant(slope: Any) -> Any:
    return slope if isinstance(slope, (int, float)) else ops.stop_gradient(slope)
