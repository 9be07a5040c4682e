"""What the controller computes for a program: one-bit maps of images before the array, and what follows behind it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from larq_focal.focal_plane.compiler.input_stage.inputs import ArrayInput
from larq_focal.focal_plane.machine.images import check_numbers, check_within
from larq_focal.network.graph import QuantGraph, needed
from larq_focal.network.interpret import interpret
from larq_focal.network.names import new_name
from larq_focal.network.ops import Affine, Input, Linear, Op
from larq_focal.network.rewired import rewired

_GREYS = 255


@dataclass(frozen=True, eq=False)
class ControllerGraphs:
    """The parts of a network before and behind the array.

    ``encoding`` takes the network's images and gives the one-bit maps that are loaded as planes; where the array looks
    at light, it sees the first image. ``tail`` takes what is read out, signs or sums by their names, and perhaps
    images, and gives the outputs of the network, which it calls ``output_names``. ``pixel_range`` are the network's
    input values for no light and for the brightest, ``class_names`` those of the classes that its one output has scores
    for.
    """

    encoding: QuantGraph
    tail: QuantGraph
    output_names: tuple[str, ...]
    pixel_range: tuple[float, float]
    class_names: tuple[str, ...] | None = None

    @property
    def image_shapes(self) -> dict[str, tuple[int, ...]]:
        """Of the network's images that a frame takes, by their names."""
        return {op.name: op.shape for op in self.encoding.inputs}

    def array_images(self, images: Mapping[str, np.ndarray], inputs: Iterable[ArrayInput]) -> dict[str, np.ndarray]:
        """What the array gets of the network's images: light, or one-bit maps.

        Args:
            images: ``[height, width, channels]`` by name, all of ``image_shapes``. Integers are grey levels from 0 to
                255, anything else values of the network.
            inputs: of the program.

        Raises:
            ValueError: an image is missing, has another shape, or values that are not finite or far beyond the light's.
        """
        inputs = tuple(inputs)
        sees_light = any(source.sees_light for source in inputs)
        images = self._checked(images, next(iter(self.image_shapes)) if sees_light else None)
        encoded = self._encoded(images)
        light = next(iter(images.values()))
        return {source.name: light if source.sees_light else encoded[source.name] for source in inputs}

    def network_outputs(
        self, values: Mapping[str, np.ndarray], images: Mapping[str, np.ndarray]
    ) -> dict[str, np.ndarray]:
        """The outputs of the network, float32 by name, from what is read out and the images."""
        named = {name: _network_values(image, self.pixel_range) for name, image in images.items()} | dict(values)
        feeds = {op.name: np.asarray(named[op.name])[np.newaxis] for op in self.tail.inputs}
        found = interpret(self.tail, feeds, self.tail.outputs)
        return {name: found[last][0] for name, last in zip(self.output_names, self.tail.outputs, strict=True)}

    def _encoded(self, images: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
        feeds = {name: _network_values(image, self.pixel_range)[np.newaxis] for name, image in images.items()}
        return {name: maps[0] for name, maps in interpret(self.encoding, feeds, self.encoding.outputs).items()}

    def _checked(self, images: Mapping[str, np.ndarray], light: str | None) -> dict[str, np.ndarray]:
        """The images in the order of the inputs; ``light`` names the one that falls on the array."""
        wanted = self.image_shapes
        if unknown := sorted(set(images) - set(wanted)):
            raise ValueError(f"The network takes the images {', '.join(wanted)}, and none called {', '.join(unknown)}.")
        checked = {}
        for name, shape in wanted.items():
            if name not in images:
                raise ValueError(f"The network needs an image for '{name}'.")
            checked[name] = image = np.asarray(images[name])
            if image.shape != shape:
                raise ValueError(f"The image for '{name}' is {list(image.shape)}, but the network takes {list(shape)}.")
            if name == light or image.dtype.kind != "f":
                check_within(image, *self.pixel_range, f"The image for '{name}'")
            else:
                check_numbers(image, f"The image for '{name}'")
        return checked


def _network_values(image: np.ndarray, pixel_range: tuple[float, float]) -> np.ndarray:
    if image.dtype.kind == "f":
        return image.astype(np.float32)
    low, high = pixel_range
    return (low + (high - low) * image.astype(np.float64) / _GREYS).astype(np.float32)


def controller_graphs(
    graph: QuantGraph,
    inputs: Sequence[ArrayInput],
    read: Iterable[str],
    output_names: tuple[str, ...],
    pixel_range: tuple[float, float],
    class_names: tuple[str, ...] | None = None,
) -> ControllerGraphs:
    """The controller's parts of a network.

    Args:
        graph: the network in its array form.
        inputs: of its program.
        read: names of the values that are read out of the array.
        output_names: what the network calls its outputs.
        pixel_range, class_names: as in ``ControllerGraphs``.
    """
    tail = _tail(graph, set(read))
    images = {op.name for op in tail.inputs} & {op.name for op in graph.inputs}
    if any(source.sees_light for source in inputs):
        images.add(graph.inputs[0].name)
    loaded = [source.name for source in inputs if not source.sees_light]
    wanted = needed(graph, {*loaded, *images})
    encoding = QuantGraph(graph.name, [op for op in graph if op.name in wanted], loaded)
    return ControllerGraphs(encoding, tail, output_names, pixel_range, class_names)


def _tail(graph: QuantGraph, read: set[str]) -> QuantGraph:
    """From what is read out to the outputs; of layers sums are read, which are scaled here."""
    wanted = set(graph.outputs)
    for op in reversed(graph.ops):
        if op.name in wanted and op.name not in read:
            wanted.update(op.inputs)
    taken = {op.name for op in graph}
    renamed: dict[str, str] = {}
    ops: list[Op] = []
    for op in graph:
        if op.name not in wanted:
            continue
        if op.name not in read:
            ops.append(rewired(op, renamed))
            continue
        ops.append(Input(name=op.name, shape=op.shape))
        if isinstance(op, Linear):
            renamed[op.name] = name = new_name(f"{op.name} scaled", taken)
            ops.append(_scaled(op, name))
    return QuantGraph(graph.name, ops, [renamed.get(name, name) for name in graph.outputs])


def _scaled(op: Linear, name: str) -> Affine:
    """The value of a layer from its sums."""
    channels = op.shape[-1]
    zeros, ones = np.zeros(channels, np.float32), np.ones(channels, np.float32)
    return Affine(
        name=name,
        inputs=(op.name,),
        shape=op.shape,
        mean=zeros,
        scale=ones if op.kernel.scale is None else op.kernel.scale,
        bias=zeros if op.bias is None else op.bias,
    )
