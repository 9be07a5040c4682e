"""The converters that there are, and what each takes; importing this loads nothing."""

from __future__ import annotations

from pathlib import Path
from typing import Literal, get_args

Converter = Literal["auto", "focal", "lce"]
"""The first that takes the model, larq_focal's own, or Larq Compute Engine's."""
CONVERTERS: tuple[Converter, ...] = get_args(Converter)
Rest = Literal["float", "int8"]
RESTS: tuple[Rest, ...] = get_args(Rest)
"""What a network may compute in, where it is not binary."""
InputType = Literal["float32", "int8", "uint8"]
INPUT_TYPES: tuple[InputType, ...] = get_args(InputType)
"""What a file may take with a rest of int8."""
FIXED_POINT = "fixed point"
Calibration = Literal["range", "percentile", "least squares", "fixed point"]
CALIBRATIONS: tuple[Calibration, ...] = get_args(Calibration)
"""How the ranges of int8 are taken from samples."""
DEFAULT_CALIBRATION: Calibration = "least squares"
GRAPH_SUFFIXES = (".qgraph", ".tflite")
"""Of files that hold a graph, which larq_focal's own converter alone takes."""


def is_graph(model) -> bool:
    """Whether ``model`` is a QuantGraph, or the path of a file that holds one."""
    if isinstance(model, str | Path):
        return Path(model).suffix in GRAPH_SUFFIXES
    from larq_focal.network.graph import QuantGraph  # the command line takes the names above, and no NumPy

    return isinstance(model, QuantGraph)
