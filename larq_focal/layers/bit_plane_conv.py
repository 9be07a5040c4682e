"""Convolutions of integers, or of evenly spaced levels, as binary ones of their bits."""

from __future__ import annotations

from larq_focal.layers.sign_planes import SignPlanesConv2D
from larq_focal.nn import Tensor, ops, register, with_gradient
from larq_focal.quantizers.parts.row import ROWS, row_of


@with_gradient(lambda x, step: 1 / step)
def in_steps(x: Tensor, step: Tensor) -> Tensor:
    """``x / step`` as whole numbers. Backward, the derivative of the quotient; ``step`` is a constant.

    Args:
        x: Multiples of ``step`` up to 255, rounded to their type.
        step: Positive scalar of the type of ``x``.
    """
    steps = ops.round(ops.cast(x, "float32") / ops.cast(step, "float32"))  # bfloat16 would miss by one
    return ops.cast(steps, x.dtype)


@register()
class BitPlaneConv2D(SignPlanesConv2D):
    """A convolution of integers with a binary kernel, as one binary convolution for each bit of the input.

        conv(x, W) = (2^bits - 1) / 2 * sum(W) - sum over i of 2^(i-1) conv(b_i, W),  b_i = -1 where bit i is set

    It computes what ``QuantConv2D`` without an input quantizer computes on integers from 0 to 2^bits - 1, exactly while
    the sums stay below 2^24, and so makes a first layer binary that sees 8-bit pixels. All planes share one kernel.

    With ``input_quantizer`` it is a layer of binary weights on feature maps of several bits: the quantizer rounds to
    multiples of a step, and these are the integers. Use ``PACT(8)`` for a learned range; ``PACT(8, clip=largest)``
    starts from one that was measured.

    Args:
        filters: Number of output channels.
        kernel_size: Height and width, or one number for both.
        bits: Of each input value, 1 to 16; with an input quantizer those of its values, at most 8.
        input_quantizer: None for integers, a :class:`~larq_focal.quantizers.PACT`, or Larq's ``DoReFa``.
        **kwargs: As for ``QuantConv2D``, but for ``pad_values``, which is 0.

    Shapes:
        Those of ``QuantConv2D``, channels last.

    Raises:
        ValueError: Other bits, another input quantizer or one of other bits, padding with other values than 0, or
            channels first.

    Source:
        Pedersoli, Tzanetakis and Tagliasacchi, "Espresso: Efficient Forward Propagation for Binary Deep Neural
        Networks", ICLR 2018, https://arxiv.org/abs/1705.07175. One-bit weights on 8-bit feature maps:
        https://github.com/wxwang0104/Quantized_ResNet, which rounds to integers without a range.
    """

    def __init__(
        self, filters: int, kernel_size: int | tuple[int, int], bits: int = 8, *, input_quantizer=None, **kwargs
    ):
        super().__init__(filters, kernel_size, input_quantizer=input_quantizer, **kwargs)
        if not 1 <= bits <= 16:
            raise ValueError(f"BitPlaneConv2D: bits must be from 1 to 16, but is {bits}.")
        if self.input_quantizer is not None:
            self._check_input_quantizer(bits)
        if float(self.pad_values) != 0:
            raise ValueError(f"BitPlaneConv2D: pad_values must be 0, but is {self.pad_values}.")
        if self.data_format != "channels_last":
            raise ValueError("BitPlaneConv2D: data_format must be 'channels_last'.")
        self.bits = bits
        self.factors = tuple(-(2.0 ** (bit - 1)) for bit in range(bits))
        self.offset = (2**bits - 1) / 2

    def _check_input_quantizer(self, bits: int) -> None:
        quantizer = self.input_quantizer
        row = row_of(quantizer, inherited=True)
        if row is None or row.even_levels is None or row.follows_data(quantizer):
            even = sorted(f"a {each.quantizer.__name__}" for each in ROWS.values() if each.even_levels)
            raise ValueError(
                f"BitPlaneConv2D: input_quantizer must be None for integers, {', or '.join(even)} of activations, but "
                f"is {quantizer!r}."
            )
        if quantizer.precision != bits:
            raise ValueError(
                f"BitPlaneConv2D: the input_quantizer has {quantizer.precision} bits, but bits is {bits}: make them "
                "the same."
            )

    @property
    def input_bits(self) -> int:
        """Of each input value; the conversion's audit asks for it."""
        return self.bits

    def call(self, inputs):
        return super().call(ops.cast(inputs, self.compute_dtype))

    def product(self, inputs, kernel):
        if self.input_quantizer is None:
            return super().product(inputs, kernel)
        even_levels = row_of(self.input_quantizer, inherited=True).even_levels
        step = ops.stop_gradient(even_levels(self.input_quantizer, inputs.dtype))
        return super().product(in_steps(inputs, step), kernel) * step

    def input_planes(self, inputs):
        one = ops.ones((), inputs.dtype)
        shifted = [inputs * 0.5 ** (bit + 1) for bit in range(self.bits)]  # bit i is the first one behind the point
        return [ops.where(each - ops.floor(each) < 0.5, one, -one) for each in shifted]

    def get_config(self):
        return {**super().get_config(), "bits": self.bits}
