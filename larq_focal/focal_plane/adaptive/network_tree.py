"""Networks that take turns on one sensor: the class that one finds chooses the network of the next frame.

Together they may be larger than the store of the array, for between frames the controller puts those kernels there that
the next network needs. A tree of networks that are swapped at run time is that of Y. Liu et al., "On-sensor binarized
CNN inference with dynamic model swapping in pixel processor arrays", Frontiers in Neuroscience 2022.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import numpy as np

from larq_focal.focal_plane.compiler.compiled import Compiled
from larq_focal.focal_plane.machine import InstructionSet, Kernel, Program, Run, Simulator
from larq_focal.focal_plane.sensor import Sensor


@dataclass(frozen=True)
class TreeFrame:
    """One frame: the ``network`` that ran, its ``scores`` and the class of the highest, and what the run took.

    ``swapped_icw`` are the instruction words that were put into the store for it, before it and within it.
    """

    network: str
    scores: np.ndarray
    best: int
    swapped_icw: int
    run: Run


class NetworkTree:
    """Compiled networks by name, of which the first is the root.

    Args:
        networks: all compiled for one sensor, each with one output, a vector of scores.
        branches: by network and class the network of the next frame; after any other class the root is the next.

    Raises:
        ValueError: there is no network, one gives something else than scores, they are for different sensors, or a
            branch names a network or a class that there is not.
    """

    def __init__(self, networks: Mapping[str, Compiled], branches: Mapping[str, Mapping[int, str]]):
        if not networks:
            raise ValueError("A tree needs a network, its root.")
        self._networks, self._branches = dict(networks), branches
        self.root = next(iter(networks))
        self.sensor = networks[self.root].sensor
        for name, compiled in networks.items():
            self._check(name, compiled)
        for name, following in branches.items():
            if name not in networks:
                raise ValueError(f"A branch leaves '{name}', and the networks are {', '.join(networks)}.")
            for number, child in following.items():
                if child not in networks or not 0 <= number < _classes(networks[name]):
                    raise ValueError(
                        f"After class {number} of '{name}', which has {_classes(networks[name])} classes, comes "
                        f"'{child}', and the networks are {', '.join(networks)}."
                    )
        self._simulator = Simulator(self.sensor)
        self._next, self._stored = self.root, frozenset[Kernel]()

    @property
    def store_icw(self) -> int:
        """Instruction words of all kernels of all networks, of those alike once."""
        return _words({kernel for each in self._networks.values() for kernel in _kernels(each.program)}, self.sensor)

    def __call__(self, image: np.ndarray) -> TreeFrame:
        """Runs the next frame on an image ``[height, width, channels]``, which all networks take.

        Kernels stay in the store as long as there is room for all networks; else those of the network before make room.

        Raises:
            ValueError: the image has another shape, or values that are not finite numbers.
        """
        name, compiled = self._next, self._networks[self._next]
        swapped = self._swapped_icw(compiled.program)
        images = dict.fromkeys(compiled.array.image_shapes, image)
        frame = compiled.array.network_frame(self._simulator, images)
        (scores,) = frame.outputs.values()
        best = int(np.argmax(scores))
        self._next = self._branches.get(name, {}).get(best, self.root)
        return TreeFrame(name, scores, best, swapped + frame.run.swapped_icw, frame.run)

    def _swapped_icw(self, program: Program) -> int:
        """Words that are put into the store before a frame of ``program``; none where the frame fills it itself."""
        if program.fills:
            self._stored = frozenset()
            return 0
        needed = _kernels(program)
        swapped = _words(needed - self._stored, self.sensor)
        limit = self.sensor.code_store_icw
        fits = limit is None or self.store_icw <= limit
        self._stored = self._stored | needed if fits else needed
        return swapped

    def _check(self, name: str, compiled: Compiled) -> None:
        if compiled.sensor != self.sensor:
            raise ValueError(f"'{name}' is compiled for {compiled.sensor.name}, the root for {self.sensor.name}.")
        if len(compiled.graph.outputs) != 1 or len(compiled.graph[compiled.graph.outputs[0]].shape) != 1:
            raise ValueError(f"'{name}' does not give one vector of scores, from which a class follows.")


def _classes(compiled: Compiled) -> int:
    return compiled.graph[compiled.graph.outputs[0]].shape[0]


def _kernels(program: Program) -> frozenset[Kernel]:
    """Without their names, so that kernels that are alike are equal."""
    return frozenset(Kernel("", kernel.instructions) for kernel in program.kernels)


def _words(kernels: Iterable[Kernel], sensor: Sensor) -> int:
    return Program(tuple(kernels), ()).store_icw(InstructionSet(sensor))
