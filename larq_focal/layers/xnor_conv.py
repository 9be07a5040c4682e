"""The convolution of XNOR-Net: a binary one, scaled at each pixel by the magnitude of what it sees."""

from __future__ import annotations

from larq_focal.nn import ReplacedConv2D, Tensor, keras, ops, padded, register


@register()
class XnorConv2D(ReplacedConv2D):
    """A binary convolution times a map of the magnitudes of its inputs.

        y = conv(q(x), q(W)) * K,  K = the mean of |x| over the kernel's window and the channels of the group

    Beyond the border |x| counts as 0, as published. The gradient passes through K too. It converts to the packed
    convolution, ABS, MEAN, PAD, AVERAGE_POOL_2D and MUL: the MUL stands behind the convolution, so that a
    normalisation after it is no longer free.

    Args:
        filters: Number of output channels.
        kernel_size: Height and width, or one number for both.
        input_quantizer: A binary one; K is of the values before it.
        kernel_quantizer: A binary one; with "xnor_sign" the product is that of XNOR-Net.
        kernel_constraint: Any Keras constraint.
        **kwargs: As for ``QuantConv2D``, but for bias, activation and dilation.

    Shapes:
        Those of ``QuantConv2D``, channels last.

    Raises:
        ValueError: No input quantizer; a bias or an activation, which belong behind K; a dilation; or channels first.

    Source:
        Rastegari, Ordonez, Redmon and Farhadi, "XNOR-Net: ImageNet Classification Using Binary Convolutional Neural
        Networks", ECCV 2016, https://arxiv.org/abs/1603.05279.
    """

    def __init__(
        self,
        filters: int,
        kernel_size: int | tuple[int, int],
        *,
        input_quantizer="ste_sign",
        kernel_quantizer="xnor_sign",
        kernel_constraint="weight_clip",
        use_bias: bool = False,
        activation=None,
        **kwargs,
    ):
        super().__init__(
            filters,
            kernel_size,
            input_quantizer=input_quantizer,
            kernel_quantizer=kernel_quantizer,
            kernel_constraint=kernel_constraint,
            use_bias=use_bias,
            activation=activation,
            **kwargs,
        )
        if self.input_quantizer is None:
            raise ValueError("XnorConv2D: input_quantizer must be a binary quantizer, such as 'ste_sign', not None.")
        if use_bias or self.activation is not keras.activations.linear:
            raise ValueError(
                "XnorConv2D: use_bias must be False and activation None, because the map would scale them too: put "
                "them into a layer behind it."
            )
        if self.dilation_rate != (1, 1):
            raise ValueError(f"XnorConv2D: dilation_rate must be 1, but is {self.dilation_rate}.")
        if self.data_format != "channels_last":
            raise ValueError("XnorConv2D: data_format must be 'channels_last'.")

    def call(self, inputs):
        inputs = ops.cast(inputs, self.compute_dtype)
        return super().call(inputs) * self.magnitude_map(inputs)

    def magnitude_map(self, inputs: Tensor) -> Tensor:
        """K [batch, height, width, 1] of the output, or with groups [batch, height, width, filters]."""
        magnitude = ops.abs(inputs)
        if self.groups == 1:
            magnitude = ops.mean(magnitude, axis=-1, keepdims=True)
        else:
            parts = ops.split(magnitude, self.groups, axis=-1)
            means = [ops.mean(part, axis=-1, keepdims=True) for part in parts]
            magnitude = ops.concatenate([mean for mean in means for _ in range(self.filters // self.groups)], axis=-1)
        if self.padding == "same":
            magnitude = padded(magnitude, self.same_padding(ops.shape(inputs)[1:3]), 0.0, "channels_last")
        return ops.average_pool(magnitude, self.kernel_size, self.strides, "valid", "channels_last")

    def padding_of(self, size: tuple[int, int]) -> tuple[tuple[int, int], tuple[int, int]]:
        """Pixels before and after, by height and width, that padding="same" adds to an image of this size."""
        (top, bottom), (left, right) = self.same_padding(size)
        return (top, bottom), (left, right)
