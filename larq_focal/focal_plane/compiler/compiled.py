"""A compiled network: its program, where everything lies, and how to run it on the simulated array."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from rich.table import Table

from larq_focal.focal_plane.compiler.building import Allocation
from larq_focal.focal_plane.compiler.inputs import GREY_LEVELS, LightInput, PlaneInput
from larq_focal.focal_plane.compiler.lowering import Output
from larq_focal.focal_plane.machine.instruction_set import InstructionSet
from larq_focal.focal_plane.machine.program import Program
from larq_focal.focal_plane.machine.simulator import Run, Simulator
from larq_focal.focal_plane.sensor import Sensor
from larq_focal.network.graph import QuantGraph
from larq_focal.network.interpret import compute, interpret, rescale
from larq_focal.network.ops import Linear


@dataclass(frozen=True)
class Compiled:
    """A network as a program of one frame.

    ``constants`` are the planes that the program loads by name, and ``outputs`` the values that it reads out; the
    controller computes the operations ``tail`` from them. ``icw`` are instruction words by layer and clock class,
    ``deferred`` the columns of each layer's count that are carry-save.
    """

    graph: QuantGraph
    sensor: Sensor
    program: Program
    inputs: tuple[LightInput | PlaneInput, ...]
    outputs: tuple[Output, ...]
    tail: tuple[str, ...]
    constants: Mapping[str, np.ndarray]
    allocation: Allocation
    icw: Mapping[str, Mapping[str, int]]
    deferred: Mapping[str, int]
    pixel_range: tuple[float, float]

    @property
    def total_icw(self) -> int:
        """Instruction words of one frame."""
        return sum(sum(count.values()) for count in self.icw.values())

    @property
    def store_icw(self) -> int:
        return self.program.store_icw(InstructionSet(self.sensor))

    def run(self, images: np.ndarray) -> dict[str, np.ndarray]:
        """Runs the program on the exact simulator, frame by frame, and the controller's part behind it.

        Args:
            images: ``[N, height, width, channels]`` as the network takes them.

        Returns:
            float32 arrays ``[N, ...]`` by the names of the network's outputs.

        Raises:
            ValueError: the images have another shape.
        """
        images = np.asarray(images, np.float32)
        source = self.graph.inputs[0]
        if images.ndim != len(source.shape) + 1 or images.shape[1:] != source.shape:
            raise ValueError(
                f"'{self.graph.name}' takes images [N, {', '.join(map(str, source.shape))}], not {list(images.shape)}."
            )
        simulator = Simulator(self.sensor)
        encoded = self._encoded(images)
        frames = [
            self.frame(simulator, image, {name: value[i] for name, value in encoded.items()})[0]
            for i, image in enumerate(images)
        ]
        values = {name: np.stack([frame[name] for frame in frames]).astype(np.float32) for name in frames[0]}
        for op in self.graph:
            if op.name in values and isinstance(op, Linear):
                values[op.name] = rescale(op, values[op.name])
            elif op.name in self.tail:
                values[op.name] = compute(op, *(values[name] for name in op.inputs)).astype(np.float32, copy=False)
        return {name: values[name] for name in self.graph.outputs}

    def frame(
        self, simulator: Simulator, image: np.ndarray, encoded: Mapping[str, np.ndarray]
    ) -> tuple[dict[str, np.ndarray], Run]:
        """One frame: the values that are read out, by name, and what the run took."""
        planes = dict(self.constants)
        array = self.sensor.height, self.sensor.width
        for source in self.inputs:
            if isinstance(source, LightInput):
                simulator.expose(self.light(image, source))
            else:
                planes |= source.planes(encoded[source.name], array)
        run = simulator.run(self.program, planes)
        results = {name: values[-1] for name, values in run.results.items()}
        return {output.name: output.value(results) for output in self.outputs}, run

    def light(self, image: np.ndarray, source: LightInput) -> np.ndarray:
        """Grey levels ``[height, width]`` of the array for an image of the network: every pixel fills its block."""
        low, high = self.pixel_range
        grey = np.clip(np.rint((image[..., 0] - low) / (high - low) * (GREY_LEVELS - 1)), 0, GREY_LEVELS - 1)
        rows, columns = source.layout.pitch
        grown = np.repeat(np.repeat(grey.astype(np.int16), rows, 0), columns, 1)
        light = np.zeros((self.sensor.height, self.sensor.width), np.int16)
        light[: grown.shape[0], : grown.shape[1]] = grown
        return light

    def _encoded(self, images: np.ndarray) -> dict[str, np.ndarray]:
        names = [source.name for source in self.inputs if isinstance(source, PlaneInput)]
        return interpret(self.graph, images, names) if names else {}

    def to_dict(self) -> dict[str, Any]:
        return {
            "network": self.graph.name,
            "sensor": self.sensor.name,
            "inputs": [source.to_dict() for source in self.inputs],
            "outputs": [
                {"name": output.name, "shape": list(output.layout.shape), "planes": sum(map(len, output.planes))}
                for output in self.outputs
            ],
            "on_controller": list(self.tail),
            "allocation": self.allocation.to_dict(),
            "icw": {name: dict(count) for name, count in self.icw.items()},
            "total_icw": self.total_icw,
            "store_icw": self.store_icw,
            "deferred": dict(self.deferred),
        }

    def __rich__(self) -> Table:
        table = Table("layer", "instruction words", "of these shifts", box=None)
        for name, count in self.icw.items():
            table.add_row(name, str(sum(count.values())), str(count.get("shift", 0)))
        table.add_row("one frame", str(self.total_icw), "")
        table.add_row("in the store", str(self.store_icw), "")
        return table
