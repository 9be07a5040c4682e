"""The converters that there are, and what each takes; importing this loads no TensorFlow."""

from __future__ import annotations

from pathlib import Path
from typing import Literal, get_args

from larq_focal.network.graph import QuantGraph

Converter = Literal["auto", "focal", "lce"]
"""The first that takes the model, larq_focal's own, or Larq Compute Engine's."""
CONVERTERS: tuple[Converter, ...] = get_args(Converter)
GRAPH_SUFFIXES = (".qgraph", ".tflite")
"""Of files that hold a graph, which larq_focal's own converter alone takes."""


def is_graph(model) -> bool:
    """Whether ``model`` is a QuantGraph, or the path of a file that holds one."""
    return isinstance(model, QuantGraph) or (isinstance(model, str | Path) and Path(model).suffix in GRAPH_SUFFIXES)
