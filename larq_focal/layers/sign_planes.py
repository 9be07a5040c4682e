"""A convolution as a sum of binary ones, without rounding: what the layers that do so share."""

from __future__ import annotations

from collections.abc import Sequence

from larq_focal.nn import ReplacedConv2D, Tensor, added, ops, padded, with_gradient


@with_gradient(lambda x, plane, factor: 1 / factor)
def _plane(x: Tensor, plane: Tensor, factor: float) -> Tensor:
    return plane


def sign_planes(x: Tensor, planes: Sequence[Tensor], factors: Sequence[float]) -> list[Tensor]:
    """``planes``, with the gradient of what they stand for: x = constant + sum of factor * plane.

    Where y = sum of factor * f(plane) for a linear f, each plane's gradient over its factor is the one of ``x``.
    """

    return [_plane(x, plane, factor * len(factors)) for plane, factor in zip(planes, factors, strict=True)]


class SignPlanesConv2D(ReplacedConv2D):
    """A convolution whose inputs are written as an offset and a sum of sign planes, a binary convolution for each.

    Subclasses write the inputs, so that the value of the padding is +1 in each plane.
    """

    offset: float
    """What is added to the sum of the planes to give the inputs."""
    factors: tuple[float, ...]
    """What each plane is multiplied by."""

    def input_planes(self, inputs: Tensor) -> list[Tensor]:
        """The planes, each in the form that the converter packs."""
        raise NotImplementedError

    def kernel_planes(self, kernel: Tensor) -> list[Tensor]:
        """Kernels that add up to ``kernel``, with one magnitude in each output channel."""
        return [kernel]

    def product(self, inputs, kernel):
        planes = sign_planes(inputs, self.input_planes(inputs), self.factors)
        if self.padding == "same":
            around = self.same_padding(ops.shape(inputs)[1:3])
            planes = [padded(plane, around, 1.0, "channels_last") for plane in planes]
        terms = []
        for plane, factor in zip(planes, self.factors, strict=True):
            for kernel_plane in self.kernel_planes(kernel):
                product = ops.conv(plane, kernel_plane, self.strides, "valid", "channels_last", self.dilation_rate)
                terms.append(product if factor == 1 else product * factor)
        if self.offset:
            terms[0] += self.offset * ops.sum(kernel, (0, 1, 2))
        return added(terms)
