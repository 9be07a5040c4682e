"""The number of channels that a layer with weights for each channel is built for."""

from __future__ import annotations

from larq_focal.nn import keras


def fix_channels(layer: keras.layers.Layer, input_shape) -> int:
    """The size of the last axis of ``input_shape``, which ``layer`` is bound to from here on.

    Raises:
        ValueError: The size is not known. Keras raises one where later inputs have another.
    """
    shape = tuple(input_shape)
    if not shape or shape[-1] is None:
        raise ValueError(
            f"{type(layer).__name__} {layer.name!r} has weights for each channel and needs inputs of shape "
            f"[..., channels] with known channels, but got {shape}."
        )
    layer.input_spec = keras.layers.InputSpec(min_ndim=1, axes={-1: shape[-1]})
    return shape[-1]
