"""Max-pooling whose training keeps one bit of each input: whether it was the maximum."""

from __future__ import annotations

from typing import Any

from larq_focal.layers.low_memory.bits import pack_bits, unpack_bits
from larq_focal.nn import Tensor, keras, of_shape, ops, register, with_backward


@register()
class LowMemoryMaxPooling2D(keras.layers.MaxPooling2D):
    """``MaxPooling2D`` that keeps a bit of each input, for windows that do not overlap.

    Args:
        *args: As for ``keras.layers.MaxPooling2D``.
        **kwargs: As for ``keras.layers.MaxPooling2D``.

    Shapes:
        [batch, height, width, channels] in and [batch, height // pool, width // pool, channels] out.

    Raises:
        ValueError: The windows overlap or are padded, or an image does not divide into them.
    """

    def __init__(self, *args: Any, **kwargs: Any):
        super().__init__(*args, **kwargs)
        if tuple(self.strides) != tuple(self.pool_size) or self.padding != "valid":
            raise ValueError("LowMemoryMaxPooling2D: windows must not overlap, and padding must be 'valid'.")

    def build(self, input_shape):
        height, width = input_shape[1:3]
        if None in (height, width) or height % self.pool_size[0] or width % self.pool_size[1]:
            raise ValueError(
                f"LowMemoryMaxPooling2D: images of {height}x{width} do not divide into windows of {self.pool_size}."
            )
        super().build(input_shape)
        self.sample_shape = tuple(input_shape[1:])

    def call(self, inputs):
        return with_backward(self._forward, self._backward)(of_shape(self.sample_shape, inputs))

    def _forward(self, inputs: Tensor) -> tuple[Tensor, list[Tensor]]:
        places = self._places(inputs)
        largest = places[0]
        for each in places[1:]:
            largest = ops.maximum(largest, each)
        kept, found = [], ops.zeros_like(largest, dtype="bool")
        for each in places:  # where several are the largest, the gradient is the first one's
            here = ops.logical_and(each >= largest, ops.logical_not(found))
            kept.append(pack_bits(here))
            found = ops.logical_or(found, here)
        return largest, kept

    def _backward(self, kept: list[Tensor], upstream: Tensor) -> tuple[Tensor]:
        shape = tuple(upstream.shape[1:])
        parts = [upstream * ops.cast(unpack_bits(each, shape), upstream.dtype) for each in kept]
        rows, columns = self.pool_size
        lines = [ops.stack(parts[row * columns : (row + 1) * columns], axis=3) for row in range(rows)]
        together = ops.stack(lines, axis=2)  # [batch, height, rows, width, columns, channels]
        return (ops.reshape(together, (-1, shape[0] * rows, shape[1] * columns, shape[2])),)

    def _places(self, inputs: Tensor) -> list[Tensor]:
        """The inputs at each place of the windows."""
        rows, columns = self.pool_size
        return [inputs[:, row::rows, column::columns] for row in range(rows) for column in range(columns)]
