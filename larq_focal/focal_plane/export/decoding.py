"""What an exported program posts, as values of the network."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import numpy as np

from larq_focal.focal_plane.compiler.program_file import read_program
from larq_focal.focal_plane.sensor import Sensor

PROGRAM = "program.scamp"


def decoded(folder: str | Path, posted: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
    """The outputs of the network for one frame, from the planes and counts of an exported program.

    Args:
        folder: the exported project.
        posted: by the name of a result, bytes ``[rows, 32]`` of a plane (int8 or uint8), or the number of a count.

    Returns:
        Float32 arrays by the name of the output.

    Raises:
        KeyError: a result is missing.
    """
    array = read_program(Path(folder) / PROGRAM)
    results = {name: _result(value, array.sensor) for name, value in posted.items()}
    values = {output.name: output.value(results) for output in (*array.outputs, *array.scores)}
    return array.controller.network_outputs(values, {})


def _result(value: np.ndarray, sensor: Sensor) -> np.ndarray | int:
    """A plane ``[height, width]`` from left to right, or a count."""
    value = np.asarray(value)
    if value.size == 1:
        return int(value.ravel()[0])
    bits = np.unpackbits(value.astype(np.uint8), axis=1, bitorder="little").astype(bool)
    plane = np.zeros((sensor.height, sensor.width), bool)
    plane[: len(bits)] = bits[:, sensor.conventions.column_addresses(sensor.width)]
    return plane
