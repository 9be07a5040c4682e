"""Functions with a gradient that is not theirs: what makes a step trainable."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import ParamSpec

from larq_focal.keras import tf

P = ParamSpec("P")
Slopes = tf.Tensor | float | tuple[tf.Tensor | float, ...]


def with_gradient(
    slope: Callable[P, Slopes], by: int = 1
) -> Callable[[Callable[P, tf.Tensor]], Callable[P, tf.Tensor]]:
    """Gives a function of tensors another derivative.

    Args:
        slope: Takes what the function takes, and returns what stands in for its derivative by the first argument; where
            ``by`` is more than 1, a tuple of the derivatives by each of the first arguments. Of the type of the
            arguments, of shapes that broadcast to that of the function's value.
        by: How many arguments have a derivative. They are given by position.

    Returns:
        A decorator. Backward, the decorated function multiplies the upstream gradient by each slope, and sums where
        the argument was broadcast. All other arguments are constants to the gradient.
    """

    def decorate(function: Callable[P, tf.Tensor]) -> Callable[P, tf.Tensor]:
        @tf.autograph.experimental.do_not_convert  # nothing to convert, and it warns of slopes that are lambdas
        @wraps(function)
        def quantized(*arguments, **options):
            others = [tf.convert_to_tensor(each) if isinstance(each, tf.Variable) else each for each in arguments[by:]]

            @tf.custom_gradient
            def forward(*trained):
                def gradient(upstream):
                    slopes = slope(*trained, *others, **options)
                    pairs = zip(trained, slopes if by > 1 else (slopes,), strict=True)
                    gradients = [_summed_to(upstream * each, argument) for argument, each in pairs]
                    return gradients if by > 1 else gradients[0]

                return function(*trained, *others, **options), gradient

            return forward(*arguments[:by])

        return quantized

    return decorate


def _summed_to(gradient: tf.Tensor, argument: tf.Tensor) -> tf.Tensor:
    """``gradient`` summed over the axes along which ``argument`` was broadcast."""
    wide, narrow = gradient.shape, argument.shape
    if wide.rank is None or narrow.rank is None:
        return gradient
    added = wide.rank - narrow.rank
    axes = [*range(added)]
    axes += [added + axis for axis, size in enumerate(narrow) if size == 1 and wide[added + axis] != 1]
    return tf.reshape(tf.reduce_sum(gradient, axes), tf.shape(argument)) if axes else gradient
