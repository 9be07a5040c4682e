"""A dense layer as a 1x1 convolution, which converters pack."""

from __future__ import annotations

from larq_focal.nn import QuantDense, Tensor, ops, quantized_kernel, register


@register()
class BinaryDense(QuantDense):
    """A ``QuantDense`` that is computed as a 1x1 convolution over one pixel.

    It computes the same. But the converter of the Larq Compute Engine leaves a binary ``QuantDense`` a float one, and
    packs this: RESHAPE, one packing operation, one binary convolution, RESHAPE.

    It takes the arguments of ``QuantDense``.

    Shapes:
        [batch, features] in, [batch, units] out.

    Raises:
        ValueError: Inputs of other shapes.
    """

    def build(self, input_shape):
        shape = tuple(input_shape)
        if len(shape) != 2:
            raise ValueError(
                f"BinaryDense {self.name!r} needs inputs of shape [batch, features], but got {shape}. Put a Flatten "
                "before it, or for a product at each pixel use a QuantConv2D with kernel_size=1."
            )
        super().build(input_shape)

    def shape_to_quantize(self, input_shape):
        """That of a pixel, for the quantizer of the inputs; Keras 3 asks for it."""
        return (input_shape[0], 1, 1, input_shape[-1])

    def call(self, inputs):
        pixel = ops.reshape(inputs, (-1, 1, 1, self.kernel.shape[0]))
        if self.input_quantizer:
            pixel = self.input_quantizer(pixel)
        outputs = self.product(pixel, quantized_kernel(self)[None, None])
        if self.use_bias:
            outputs = outputs + self.bias
        outputs = ops.reshape(outputs, (-1, self.units))
        return outputs if self.activation is None else self.activation(outputs)

    def product(self, pixel: Tensor, kernel: Tensor) -> Tensor:
        """The sums [batch, 1, 1, units] of quantized inputs [batch, 1, 1, features] and kernel."""
        return ops.conv(pixel, kernel, 1, "valid", "channels_last")
