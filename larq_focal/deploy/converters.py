"""The converters that there are, and what each takes; importing this loads nothing."""

from __future__ import annotations

from pathlib import Path
from typing import Literal, get_args

Converter = Literal["lce", "focal"]  # Larq Compute Engine's, and larq_focal's own
CONVERTERS: tuple[Converter, ...] = get_args(Converter)
Rest = Literal["float", "int8"]
RESTS: tuple[Rest, ...] = get_args(Rest)
"""What a network may compute in, where it is not binary."""
InputType = Literal["float32", "int8", "uint8"]
INPUT_TYPES: tuple[InputType, ...] = get_args(InputType)
"""What a file may take with a rest of int8."""
GRAPH_SUFFIXES = (".qgraph", ".tflite")
"""Of files that hold a graph, which larq_focal's own converter alone takes."""


def default_converter(model: str | Path) -> Converter:
    """The converter for a file: Larq Compute Engine's for Keras models."""
    return "focal" if Path(model).suffix in GRAPH_SUFFIXES else "lce"
