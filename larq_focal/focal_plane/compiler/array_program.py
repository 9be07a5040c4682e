"""A program with what the controller must know to run it: where images go, what is loaded, what is read."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from larq_focal.focal_plane.compiler.controller_graphs import ControllerGraphs
from larq_focal.focal_plane.compiler.input_stage.inputs import ArrayInput
from larq_focal.focal_plane.compiler.layers.dense import Scores
from larq_focal.focal_plane.compiler.outputs import Output
from larq_focal.focal_plane.machine.images import check_numbers, check_within
from larq_focal.focal_plane.machine.program import Program
from larq_focal.focal_plane.machine.simulator import Observer, Run, Simulator
from larq_focal.focal_plane.sensor import Sensor


class NetworkFrame(NamedTuple):
    """The outputs of the network, and the values that were read out of the array, by name; and what the run took."""

    outputs: dict[str, np.ndarray]
    values: dict[str, np.ndarray]
    run: Run


@dataclass(frozen=True)
class ArrayProgram:
    """``scores`` are sums of dense layers that are read out.

    ``constants`` are planes ``[height, width]`` that the program loads, by name. ``controller`` holds what the
    controller computes before and behind the array; a program written by hand has none.
    """

    sensor: Sensor
    program: Program
    inputs: tuple[ArrayInput, ...]
    outputs: tuple[Output, ...]
    scores: tuple[Scores, ...]
    constants: Mapping[str, np.ndarray]
    controller: ControllerGraphs | None = None

    @property
    def image_shapes(self) -> dict[str, tuple[int, ...]]:
        """Of the images that ``network_frame`` takes, by name."""
        if self.controller:
            return self.controller.image_shapes
        return {source.name: source.image_shape for source in self.inputs}

    def array_images(self, images: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
        """What ``frame`` takes, from images of the network, as ``network_frame`` takes them; errors as there."""
        return self.controller.array_images(images, self.inputs) if self.controller else dict(images)

    def network_frame(self, simulator: Simulator, images: Mapping[str, np.ndarray]) -> NetworkFrame:
        """Runs one frame and what the controller computes before and behind it.

        Args:
            simulator: of the same sensor.
            images: ``[height, width, channels]`` of the network by name, all of ``image_shapes``. Integers are grey
                levels from 0 to 255 and anything else values of the network. Without a ``controller`` images are those
                of ``frame``, and there are no outputs.

        Raises:
            ValueError: an image is missing, has another shape, or values that are not finite or far beyond the light's.
        """
        values, run = self.frame(simulator, self.array_images(images))
        outputs = self.controller.network_outputs(values, images) if self.controller else {}
        return NetworkFrame(outputs, values, run)

    def frame(
        self, simulator: Simulator, images: Mapping[str, np.ndarray], observe: Observer | None = None
    ) -> tuple[dict[str, np.ndarray], Run]:
        """Runs one frame.

        Args:
            simulator: of the same sensor.
            images: ``[height, width, channels]`` by the name of the input. Where the program looks at light, integers
                are grey levels from 0 to 255 and anything else values of the network; else the sign counts.
            observe: called after every instruction and call.

        Returns:
            The values read out by name, signs or integer sums: ``[height, width, channels]`` of maps, ``[units]`` of
            dense layers; and what the run took.

        Raises:
            ValueError: an image is missing, has another shape, or values that are not finite or far beyond the light's.
        """
        planes = dict(self.constants)
        array = self.sensor.height, self.sensor.width
        for source in self.inputs:
            image = _checked(images, source)
            what = f"The image for '{source.name}'"
            if source.sees_light:
                check_within(image, *source.pixel_range, what)
                simulator.expose(source.light(image[..., 0], array))
            else:
                check_numbers(image, what)
                planes |= source.planes(image, array)
        run = simulator.run(self.program, planes, observe)
        results = {name: values[-1] for name, values in run.results.items()}
        return {output.name: output.value(results) for output in (*self.outputs, *self.scores)}, run


def _checked(images: Mapping[str, np.ndarray], source: ArrayInput) -> np.ndarray:
    if source.name not in images:
        raise ValueError(f"The program needs an image for '{source.name}'.")
    image = np.asarray(images[source.name])
    if image.shape != source.image_shape:
        wanted = list(source.image_shape)
        raise ValueError(f"The image for '{source.name}' is {list(image.shape)}, but the program takes {wanted}.")
    return image
