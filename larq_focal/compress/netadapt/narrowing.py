"""A model without some of its channels: the same layers, narrower, with the weights of the channels that are left."""

from __future__ import annotations

from collections.abc import Collection

import numpy as np

from larq_focal.compress.netadapt.channels import Block, Channels, LayerChannels
from larq_focal.nn import keras

_WIDTHS = ("filters", "units")


def narrowed(model: keras.Model, channels: Channels, removed: Collection[int]) -> keras.Model:
    """A copy of ``model`` without the channels ``removed``.

    What the other channels compute stays the same where the removed ones were 0 to all that reads them, but for kernel
    quantizers whose scale follows from all weights of a kernel: these see fewer of them.

    Args:
        model: the network.
        channels: of this model, by :func:`channels_of`.
        removed: numbers of channels, as they stand in its blocks.

    Raises:
        ValueError: a block would have no channels left, or a layer has weights of which it is not known how they belong
            to its channels.
    """
    gone = np.array(sorted(removed), np.int64)
    for block in channels.blocks.values():
        if np.isin(block.channels, gone).all():
            raise ValueError(f"The block '{block.name}' would have no channels left.")
    left = {name: _left(layer, gone) for name, layer in channels.layers.items()}

    def clone(layer):
        config = layer.get_config()
        if layer.name in left:
            config = _without_shapes(config)
            config |= {key: len(left[layer.name][1]) for key in _WIDTHS if isinstance(config.get(key), int)}
        return type(layer).from_config(config)

    narrow = keras.models.clone_model(model, clone_function=clone)
    for old, new in zip(model.layers, narrow.layers, strict=True):
        if old.weights:
            new.set_weights(_weights(old, new, channels.layers.get(old.name), left.get(old.name)))
    return narrow


def least_important(
    model: keras.Model, channels: Channels, block: Block, count: int, gone: Collection[int] = ()
) -> list:
    """The ``count`` channels of a block whose filters have the least L2 norm, over all layers that give them.

    Source: Yang et al., "NetAdapt", ECCV 2018, https://arxiv.org/abs/1804.03230, section 3.3.

    Args:
        model: the network, which may be narrowed already.
        channels: of the network before.
        block: one of its blocks.
        count: how many channels.
        gone: the channels that ``model`` lacks.
    """
    squares: dict[int, float] = dict.fromkeys(sorted(set(block.channels.tolist()) - set(gone)), 0.0)
    for name in block.layers:
        kernel = np.asarray(_latent_kernel(model.get_layer(name)), np.float64)
        outputs = channels.layers[name].outputs
        outputs = outputs[~np.isin(outputs, [*gone])]
        for channel, square in zip(
            outputs.tolist(), np.square(kernel.reshape(-1, kernel.shape[-1])).sum(0), strict=True
        ):
            if channel in squares:
                squares[channel] += float(square)
    return sorted(squares, key=lambda channel: (squares[channel], channel))[:count]


def _without_shapes(config):
    """A configuration without the shapes that quantizers in it were built for."""
    if isinstance(config, dict):
        return {key: _without_shapes(value) for key, value in config.items() if key != "build_config"}
    return config


def _latent_kernel(layer: keras.layers.Layer) -> np.ndarray:
    """The weights that are trained: the first that have the shape of the kernel."""
    shape = tuple(layer.kernel.shape)
    return next(value for value in layer.get_weights() if value.shape == shape)


def _left(layer: LayerChannels, gone: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Where the inputs and outputs stand that are left."""
    return tuple(np.flatnonzero(~np.isin(side, gone)) for side in (layer.inputs, layer.outputs))


def _weights(old, new, channels: LayerChannels | None, left) -> list[np.ndarray]:
    """Those of the narrower layer."""
    shapes = [tuple(weight.shape) for weight in new.weights]
    values = old.get_weights()
    if channels is not None:
        counts = len(channels.inputs), len(channels.outputs)
        of_inputs = {id(weight) for weight in getattr(getattr(old, "input_quantizer", None), "weights", ())}
        values = [
            _cut(value, shape, *_sides(counts, left, only_inputs=id(weight) in of_inputs))
            for weight, value, shape in zip(old.weights, values, shapes, strict=True)
        ]
    if [value.shape for value in values] != shapes:
        raise ValueError(
            f"The layer '{old.name}' ({type(old).__name__}) has weights of which it is not known how they belong to "
            "its channels: leave the blocks around it as they are."
        )
    return values


def _sides(counts, left, only_inputs: bool):
    """(count, those left) of the outputs and of the inputs."""
    inputs, outputs = zip(counts, left, strict=True)
    return (inputs, inputs) if only_inputs else (outputs, inputs)


def _cut(value: np.ndarray, shape: tuple[int, ...], last, others) -> np.ndarray:
    """A weight cut to ``shape``: its last axis is that of the outputs, unless it has the size of the inputs alone."""
    if value.ndim != len(shape):
        return value
    for axis in reversed(range(value.ndim)):
        if value.shape[axis] == shape[axis]:
            continue
        sides = (last, others) if axis == value.ndim - 1 else (others, last)
        for count, left in sides:
            if (count, len(left)) == (value.shape[axis], shape[axis]):
                value = np.take(value, left, axis)
                break
    return value
