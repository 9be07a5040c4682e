"""What is kept for the backward pass, on TensorFlow."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import tensorflow as tf

from larq_focal.nn.kept.samples import SAMPLES

Tensors = Sequence[tf.Tensor]


def with_backward(
    forward: Callable[..., tuple[tf.Tensor, Tensors]], backward: Callable[[Tensors, tf.Tensor], Tensors]
) -> Callable[..., tf.Tensor]:
    """A function of tensors with a backward pass of its own.

    Args:
        forward: Takes the tensors, and returns the value and what is kept for the backward pass.
        backward: Takes what was kept and the upstream gradient, and returns the gradient of each tensor.

    In a graph nothing else is held between the two: TensorFlow lets a tensor go behind its last use.
    """

    @tf.autograph.experimental.do_not_convert
    def function(*tensors):
        @tf.custom_gradient
        def computed(*inputs):
            # Else a graph would begin with all quantized kernels, which depend on weights alone.
            with tf.control_dependencies(inputs[:1]):
                value, kept = forward(*inputs)

            def gradient(upstream):
                with tf.control_dependencies([upstream]):
                    return backward([tf.identity(each) for each in kept], upstream)

            return value, gradient

        return computed(*map(tf.convert_to_tensor, tensors))

    return function


def of_shape(samples: Sequence[int], tensor: tf.Tensor) -> tf.Tensor:
    """``tensor`` as ``[batch, *samples]``: in a graph Keras 2 forgets the shapes of batches that a sequence gives."""
    return tf.ensure_shape(tensor, (None, *samples))


def over_slices(
    function: Callable[..., tuple[Tensors, Tensors]], *tensors: tf.Tensor
) -> tuple[list[tf.Tensor], list[tf.Tensor]]:
    """``function`` of a few samples at a time.

    Args:
        function: Takes slices of the tensors along their first axis. Returns tensors of as many samples, and sums.
        *tensors: ``[batch, ...]``.

    Returns:
        The tensors of all slices, one behind the other, and the sums added up.
    """
    tensors = [tf.convert_to_tensor(each) for each in tensors]
    steps = (tf.shape(tensors[0])[0] + SAMPLES - 1) // SAMPLES
    # The first slice stands before the loop, which takes types and shapes from it.
    first, sums = map(list, function(*(each[:SAMPLES] for each in tensors)))
    shapes = [tf.TensorShape([None, *each.shape[1:]]) for each in first]
    parts = [
        tf.TensorArray(each.dtype, steps, infer_shape=False, element_shape=shape).write(0, each)
        for each, shape in zip(first, shapes, strict=True)
    ]

    def step(index, parts, sums):
        some, terms = function(*(each[index * SAMPLES : (index + 1) * SAMPLES] for each in tensors))
        parts = [array.write(index, each) for array, each in zip(parts, some, strict=True)]
        return index + 1, parts, [total + each for total, each in zip(sums, terms, strict=True)]

    _, parts, sums = tf.while_loop(
        lambda index, *_: index < steps, step, (tf.constant(1), parts, sums), parallel_iterations=1
    )
    return [tf.ensure_shape(array.concat(), shape) for array, shape in zip(parts, shapes, strict=True)], sums


def gradients(function: Callable[..., tf.Tensor], inputs: Tensors, upstream: tf.Tensor) -> Tensors:
    """Of ``function(*inputs)`` by each of the inputs, times the upstream gradient."""
    with tf.GradientTape() as tape:
        tape.watch(inputs)
        value = function(*inputs)
    return tape.gradient(value, inputs, upstream)
