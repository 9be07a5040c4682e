"""What an exported program posts, as values of the network."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import numpy as np

from larq_focal.focal_plane.compiler.program_file import read_program
from larq_focal.focal_plane.export.tail import finished
from larq_focal.focal_plane.sensor import Sensor
from larq_focal.network.graph_file import load_graph

PROGRAM, GRAPH = "program.scamp", "network.qgraph"


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
    folder = Path(folder)
    array, graph = read_program(folder / PROGRAM), load_graph(folder / GRAPH)
    results = {name: _result(value, array.sensor) for name, value in posted.items()}
    values = {output.name: output.value(results)[None].astype(np.float32) for output in (*array.outputs, *array.scores)}
    every = finished(graph, values)
    return {name: every[name][0] for name in graph.outputs}


def _result(value: np.ndarray, sensor: Sensor) -> np.ndarray | int:
    """A plane ``[height, width]`` from left to right, or a count."""
    value = np.asarray(value)
    if value.size == 1:
        return int(value.ravel()[0])
    bits = np.unpackbits(value.astype(np.uint8), axis=1, bitorder="little").astype(bool)
    plane = np.zeros((sensor.height, sensor.width), bool)
    plane[: len(bits)] = bits[:, sensor.conventions.column_addresses(sensor.width)]
    return plane
