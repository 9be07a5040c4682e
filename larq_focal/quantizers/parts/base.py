"""Base of the quantizers: how each treats the type and the channels of its inputs."""

from __future__ import annotations

from typing import ClassVar

from larq_focal import nn


class Quantizer(nn.Quantizer):
    """A quantizer that returns the type it is given, and refuses what it cannot quantize.

    Args:
        **kwargs: As for any Keras layer.
    """

    trained_weights: ClassVar[tuple[str, ...]] = ()
    """Names of the weights that it trains."""
    kept_weights: ClassVar[tuple[str, ...]] = ()
    """Names of the non-trainable weights that it keeps."""
    channels: int | None = None
    """Channels of the inputs (last axis), set in ``build`` by a quantizer with weights for each."""

    def __call__(self, inputs, *args, **kwargs):
        dtype = nn.ops.dtype(inputs) if hasattr(inputs, "dtype") else None
        if dtype is not None and "float" not in dtype:
            raise TypeError(
                f"{type(self).__name__} {self.name!r} quantizes real numbers, but its inputs are of type "
                f"{dtype}: cast them before, to float32 for instance."
            )
        channels = inputs.shape[-1] if self.channels is not None else None  # None as well where they are not known yet
        if channels is not None and channels != self.channels:
            raise ValueError(
                f"{type(self).__name__} {self.name!r} has weights for {self.channels} channels, but its inputs have "
                f"{channels}: give each layer its own quantizer, by the alias or a new instance."
            )
        return super().__call__(inputs, *args, **kwargs)
