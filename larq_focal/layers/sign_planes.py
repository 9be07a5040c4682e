"""A convolution as a sum of binary ones, without rounding: what the layers that do so share."""

from __future__ import annotations

from collections.abc import Sequence

from larq_focal.keras import larq, tf


def sign_planes(x: tf.Tensor, planes: Sequence[tf.Tensor], factors: Sequence[float]) -> list[tf.Tensor]:
    """``planes``, with the gradient of what they stand for: x = constant + sum of factor * plane.

    Where y = sum of factor * f(plane) for a linear f, each plane's gradient over its factor is the one of ``x``.
    """

    @tf.custom_gradient
    def straight_through(x):
        def grad(*upstream):
            return tf.add_n([each / factor for each, factor in zip(upstream, factors, strict=True)]) / len(factors)

        return list(planes), grad

    return straight_through(x)


class SignPlanesConv2D(larq.layers.QuantConv2D):
    """A convolution whose inputs are written as an offset and a sum of sign planes, a binary convolution for each.

    Subclasses write the inputs, so that the value of the padding is +1 in each plane.
    """

    offset: float
    """What is added to the sum of the planes to give the inputs."""
    factors: tuple[float, ...]
    """What each plane is multiplied by."""

    def input_planes(self, inputs: tf.Tensor) -> list[tf.Tensor]:
        """The planes, each in the form that the converter packs."""
        raise NotImplementedError

    def kernel_planes(self, kernel: tf.Tensor) -> list[tf.Tensor]:
        """Kernels that add up to ``kernel``, with one magnitude in each output channel."""
        return [kernel]

    def convolution_op(self, inputs, kernel):
        planes = sign_planes(inputs, self.input_planes(inputs), self.factors)
        padding = self.padding.upper()
        if padding == "SAME":
            pads = self._get_padding_same(inputs)
            planes, padding = [tf.pad(plane, pads, constant_values=1) for plane in planes], "VALID"
        terms = []
        for plane, factor in zip(planes, self.factors, strict=True):
            for kernel_plane in self.kernel_planes(kernel):
                product = tf.nn.conv2d(plane, kernel_plane, self.strides, padding, dilations=self.dilation_rate)
                terms.append(product if factor == 1 else product * tf.constant(factor, product.dtype))
        if self.offset:
            terms[0] += self.offset * tf.reduce_sum(kernel, [0, 1, 2])
        return tf.add_n(terms) if len(terms) > 1 else terms[0]
