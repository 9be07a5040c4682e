"""What the quantized convolutions share: a choice of what lies around their inputs."""

from __future__ import annotations

from typing import Any

from keras import ops

from larq_focal.nn.keras3.padding import causal_padding, padded, same_padding
from larq_focal.nn.keras3.quantized_layer import QuantizedLayer


class QuantizedWindow(QuantizedLayer):
    """A quantized layer whose kernel moves over its inputs ``[batch, ..., channels]``, or channels first.

    Args:
        *args: As for the Keras layer.
        pad_values: What pads with ``padding="same"``: 1 or -1 keeps a binary convolution binary up to the border.
        **kwargs: As for ``QuantizedLayer``.

    Raises:
        ValueError: ``padding`` is "causal", which pads with zeros, and ``pad_values`` is another number.
    """

    convolution = staticmethod(ops.conv)
    """Takes inputs and kernels, and strides, padding, data format and dilation by name."""

    def __init__(self, *args: Any, pad_values: float = 0.0, **kwargs: Any):
        super().__init__(*args, **kwargs)
        self.pad_values = float(pad_values)
        if self.padding == "causal" and self.pad_values:
            raise ValueError(
                f"{type(self).__name__}: padding='causal' pads with zeros, so pad_values must be 0, not {pad_values}."
            )

    def same_padding(self, sizes) -> list[tuple[Any, Any]]:
        """Pixels before and after, by axis of space, that ``padding="same"`` adds to inputs of these sizes."""
        return same_padding(sizes, self.kernel_size, self.strides, self.dilation_rate)

    def padded(self, inputs) -> tuple[Any, str]:
        """The inputs with the padding that the backend does not know, and the padding that is left to it."""
        if self.padding == "causal":
            around = causal_padding(self.kernel_size, self.dilation_rate)
        elif self.padding == "same" and self.pad_values:
            shape = ops.shape(inputs)  # numbers, where they are known
            around = self.same_padding(shape[1:-1] if self.data_format == "channels_last" else shape[2:])
        else:
            return inputs, self.padding
        return padded(inputs, around, self.pad_values, self.data_format), "valid"

    def product(self, inputs, *kernels):
        inputs, padding = self.padded(inputs)
        return self.convolution(
            inputs,
            *kernels,
            strides=self.strides,
            padding=padding,
            data_format=self.data_format,
            dilation_rate=self.dilation_rate,
        )

    def get_config(self):
        return {**super().get_config(), "pad_values": self.pad_values}


class QuantizedConvolution(QuantizedWindow):
    """A quantized convolution, with Larq's order of arguments.

    Args:
        filters: Number of output channels.
        kernel_size: Size of the kernel along each axis of space, or one number for all.
        strides: Strides along each axis, or one number for all.
        padding: "valid", "same" or, along one axis, "causal".
        pad_values: As for ``QuantizedWindow``.
        data_format: "channels_last", "channels_first", or None for what Keras is set to.
        **kwargs: As for ``QuantizedLayer``.
    """

    def __init__(
        self,
        filters: int,
        kernel_size: int | tuple[int, ...],
        strides: int | tuple[int, ...] = 1,
        padding: str = "valid",
        pad_values: float = 0.0,
        data_format: str | None = None,
        **kwargs: Any,
    ):
        super().__init__(
            filters=filters,
            kernel_size=kernel_size,
            strides=strides,
            padding=padding,
            pad_values=pad_values,
            data_format=data_format,
            **kwargs,
        )
