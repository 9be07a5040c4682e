"""Which channels of a network belong together: what can be removed from it as one, and where each of them stands."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace

import numpy as np

from larq_focal.network import ops
from larq_focal.network.computation import compute
from larq_focal.network.graph import QuantGraph
from larq_focal.network.keras.from_keras import from_keras
from larq_focal.nn import keras

PACKED_STEP, FLOAT_STEP = 32, 8
_KEPT, _CONSTANT = 0, -1
_OF_FIXED_SHAPE = ("Reshape", "Permute", "RepeatVector", "Lambda", "TFOpLambda", "SlicingOpLambda")
"""Layers whose settings or constants say how many channels there are."""


@dataclass(frozen=True)
class Block:
    """Channels of which each can be removed, by itself, from every layer that gives it.

    ``layers`` are the convolutions and dense layers that give them: one, or those whose results are added. ``channels``
    are numbers of channels, as they stand in ``LayerChannels``. ``step`` is how many are removed at a time: 32 where a
    binary layer reads them, which packs 32 into a word, else 8.
    """

    name: str
    layers: tuple[str, ...]
    channels: np.ndarray
    step: int

    @property
    def width(self) -> int:
        return len(self.channels)


@dataclass(frozen=True)
class LayerChannels:
    """The number of each channel that a layer reads and gives, int64 ``[inputs]``, ``[outputs]``; 0 for one that stays.

    What is flattened reads a channel once for each pixel.
    """

    inputs: np.ndarray
    outputs: np.ndarray


@dataclass(frozen=True)
class Channels:
    """The channels of a network.

    Args:
        graph: the network.
        blocks: what can be removed, by name.
        layers: where the channels stand, by the name of each Keras layer.
    """

    graph: QuantGraph
    blocks: dict[str, Block]
    layers: dict[str, LayerChannels]

    def without(self, removed: Collection[int]) -> Channels:
        """The channels of the network that is left, by the same numbers; its graph is still that of the whole one."""
        gone = np.array(sorted(removed), np.int64)

        def left(labels: np.ndarray) -> np.ndarray:
            return labels[~np.isin(labels, gone)]

        return replace(
            self,
            blocks={name: replace(block, channels=left(block.channels)) for name, block in self.blocks.items()},
            layers={
                name: LayerChannels(left(layer.inputs), left(layer.outputs)) for name, layer in self.layers.items()
            },
        )


def channels_of(model: keras.Model, steps: dict[str, int] | None = None) -> Channels:
    """Follows the channels of a model from the layers that give them to those that read them.

    Channels that are added or multiplied element by element are one; behind a concatenation or ``Flatten`` they are
    what they were. Channels stay where removing one would change more than itself: the inputs and outputs
    of the model, those of grouped, transposed, separable and nested layers, of softmax, of fixed reshapes, and
    of everything that the graph does not describe.

    Args:
        model: functional or Sequential, channels last.
        steps: how many channels of a block are removed at a time, by its name, where it is not the usual number.

    Raises:
        ValueError: the model cannot be read, or ``steps`` names a block that is not there or a number below 1.
    """
    graph = from_keras(model)
    flow = _Flow(graph, {layer.name: layer for layer in model.layers})
    roots = flow.roots()
    layers = {name: LayerChannels(roots[inputs], roots[outputs]) for name, (inputs, outputs) in flow.layers.items()}
    givers: dict[int, list[str]] = {}
    for name in flow.givers:
        for channel in dict.fromkeys(layers[name].outputs.tolist()):
            givers.setdefault(channel, []).append(name)
    members: dict[tuple[str, ...], list[int]] = {}
    for channel, names in givers.items():
        if channel != _KEPT:
            members.setdefault(tuple(names), []).append(channel)
    blocks = {}
    for names, channels in members.items():
        name = names[0] if names[0] not in blocks else "+".join(names)
        packed = any(np.isin(channels, roots[labels]).any() for labels in flow.packed)
        blocks[name] = Block(name, names, np.array(channels), PACKED_STEP if packed else FLOAT_STEP)
    return Channels(graph, _with_steps(blocks, steps or {}), layers)


def _with_steps(blocks: dict[str, Block], steps: dict[str, int]) -> dict[str, Block]:
    for name, step in steps.items():
        if name not in blocks:
            raise ValueError(f"There is no block '{name}' of channels: choose one of {', '.join(blocks) or 'none'}.")
        if step < 1:
            raise ValueError(f"The step of '{name}' must be at least 1, but is {step}.")
        block = blocks[name]
        blocks[name] = Block(name, block.layers, block.channels, step)
    return blocks


class _Flow:
    """Follows a label of its own for each channel through the operations of a graph, element by element."""

    def __init__(self, graph: QuantGraph, layers: dict[str, keras.layers.Layer]):
        self._layers = layers
        self._next = 1
        self._pairs: list[np.ndarray] = []
        self.layers: dict[str, tuple[np.ndarray, np.ndarray]] = {}
        self.givers: list[str] = []
        self.packed: list[np.ndarray] = []
        values: dict[str, np.ndarray] = {}
        weighted = {op.origin for op in graph if isinstance(op, ops.Weighted)}
        for op in graph:
            inputs = [values[name] for name in op.inputs]
            outputs = self._follow(op, inputs)
            values[op.name] = outputs
            if graph.is_binary(op):
                self.packed.append(self._by_channel(inputs[0]))
            if op.origin in layers and op.origin not in weighted and inputs:
                self._note(op.origin, self._by_channel(inputs[0]), self._by_channel(outputs))
        for name in graph.outputs:
            self._keep(values[name])

    def roots(self) -> np.ndarray:
        """The least label of those that are one with each label, int64 by label."""
        roots = np.arange(self._next)
        pairs = np.concatenate([np.zeros((0, 2), np.int64), *self._pairs])
        while len(pairs) and np.any(roots[pairs[:, 0]] != roots[pairs[:, 1]]):
            least = roots[pairs].min(1)
            for side in range(2):
                np.minimum.at(roots, pairs[:, side], least)
                np.minimum.at(roots, roots[pairs[:, side]], least)
            roots = roots[roots]
        return roots

    def _follow(self, op: ops.Op, inputs: Sequence[np.ndarray]) -> np.ndarray:
        if isinstance(op, ops.Conv2D | ops.Dense):
            return self._weighted(op, inputs[0])
        layer = self._layers.get(op.origin)
        is_fixed = layer is None or type(layer).__name__ in _OF_FIXED_SHAPE
        if isinstance(op, ops.Pool2D | ops.GlobalPool):
            return np.broadcast_to(self._by_channel(inputs[0]), op.shape)
        if op.moves_elements and inputs and not (is_fixed and not isinstance(op, ops.Concat)):
            return compute(_padding_with(op, _CONSTANT), *(array[None] for array in inputs))[0]
        if inputs and op.constant_axes is not None and not (is_fixed and op.constant_axes > 0):
            return self._joined(op, inputs)
        for labels in inputs:
            self._keep(labels)
        return np.full(op.shape, _KEPT)

    def _joined(self, op: ops.Op, inputs: Sequence[np.ndarray]) -> np.ndarray:
        """Of an element-wise operation: channels of one place are one; a map of one channel for all of them stays."""
        channels = op.shape[-1] if op.shape else 1
        full = [labels for labels in inputs if labels.shape[-1:] == (channels,)]
        for labels in inputs:
            if labels.shape[-1:] != (channels,):
                self._keep(labels)
        by_channel = [self._by_channel(labels) for labels in full]
        for other in by_channel[1:]:
            self._unite(by_channel[0], other)
        return np.broadcast_to(by_channel[0] if by_channel else np.int64(_KEPT), op.shape)

    def _weighted(self, op: ops.Conv2D | ops.Dense, labels: np.ndarray) -> np.ndarray:
        layer, channels = self._layers.get(op.origin), self._by_channel(labels)
        if (
            isinstance(layer, keras.layers.DepthwiseConv2D)
            and isinstance(op, ops.Conv2D)
            and op.groups == len(channels)
        ):
            outputs = np.repeat(channels, op.shape[-1] // len(channels))
            self._note(op.origin, channels, outputs)
            return np.broadcast_to(outputs, op.shape)
        kernel = getattr(layer, "kernel", None)
        gives = kernel is not None and op.kernel_groups == 1 and tuple(kernel.shape)[-2:] == op.kernel.shape[-2:]
        if not gives:
            self._keep(channels)
            return np.full(op.shape, _KEPT)
        if op.origin not in self.givers:
            self.givers.append(op.origin)
            self._note(op.origin, channels, np.arange(self._next, self._next + op.shape[-1]))
            self._next += op.shape[-1]
        self._note(op.origin, channels, self.layers[op.origin][1])
        return np.broadcast_to(self.layers[op.origin][1], op.shape)

    def _note(self, name: str, inputs: np.ndarray, outputs: np.ndarray) -> None:
        """What a layer reads and gives; in every call it is the same."""
        first = self.layers.setdefault(name, (inputs, outputs))
        for before, now in zip(first, (inputs, outputs), strict=True):
            if len(before) == len(now):
                self._unite(before, now)
            else:
                self._keep(before), self._keep(now)

    def _by_channel(self, labels: np.ndarray) -> np.ndarray:
        """The label of each channel, ``[C]``: all its elements are one, but for constants beside them."""
        columns = labels.reshape(-1, labels.shape[-1]) if labels.ndim else labels.reshape(1, 1)
        channels = np.maximum(columns.max(0), _KEPT)
        others = (columns != channels) & (columns != _CONSTANT)
        if others.any():
            self._unite(columns[others], np.broadcast_to(channels, columns.shape)[others])
        return channels

    def _keep(self, labels: np.ndarray) -> None:
        there = np.unique(labels[labels > _KEPT])
        self._unite(there, np.full_like(there, _KEPT))

    def _unite(self, first: np.ndarray, second: np.ndarray) -> None:
        pairs = np.stack([first, second], -1).reshape(-1, 2)
        self._pairs.append(np.unique(pairs[pairs[:, 0] != pairs[:, 1]], axis=0))


def _padding_with(op: ops.Op, value: int) -> ops.Op:
    return replace(op, value=value) if isinstance(op, ops.Pad) else op
