"""Dense layers of a few levels as sums of binary ones, without rounding."""

from __future__ import annotations

from collections.abc import Sequence

from larq_focal.layers.binary_dense import BinaryDense
from larq_focal.layers.binary_sum import BinarySumConv2D
from larq_focal.nn import Tensor, register


@register()
class BinarySumDense(BinaryDense):
    """A ``QuantDense`` of inputs or kernels with a few levels, computed as a :class:`BinarySumConv2D` of one pixel.

    It computes the same, and has the same gradients, in (input levels - 1) * (kernel levels - 1)
    binary products.

    Args:
        units: Number of outputs.
        input_levels: All values of the quantized inputs, rising.
        kernel_levels: All values of the quantized kernel, rising, relative to the largest magnitude of its output, and
            the same with the other sign.
        **kwargs: As for ``QuantDense``.

    Shapes:
        [batch, features] in, [batch, units] out.

    Raises:
        ValueError: Levels that do not rise, kernel levels without their negatives, or inputs of other shapes.
    """

    def __init__(
        self,
        units: int,
        input_levels: Sequence[float] = (-1, 1),
        kernel_levels: Sequence[float] = (-1, 1),
        **kwargs,
    ):
        super().__init__(units, **kwargs)
        self.input_levels = tuple(map(float, input_levels))
        self.kernel_levels = tuple(map(float, kernel_levels))
        self._convolution()

    def _convolution(self) -> BinarySumConv2D:
        """Made for each call: held, Keras would take it for a layer inside of this one."""
        return BinarySumConv2D(self.units, 1, self.input_levels, self.kernel_levels, name=self.name)

    def product(self, pixel, kernel):
        return self._convolution().product(pixel, kernel)

    def kernel_planes(self, kernel: Tensor) -> list[Tensor]:
        """Kernels [1, 1, features, units] that add up to ``kernel``, with one magnitude in each output."""
        return self._convolution().kernel_planes(kernel)

    def get_config(self):
        return {**super().get_config(), "input_levels": self.input_levels, "kernel_levels": self.kernel_levels}
