"""A QuantGraph in one file: a NumPy archive with the structure as JSON beside the arrays; nothing is pickled."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path
from typing import Any

import numpy as np

from larq_focal.files import written_whole
from larq_focal.network.graph import GraphError, QuantGraph
from larq_focal.network.kernel import Kernel
from larq_focal.network.ops import OPS, Op

SUFFIX = ".qgraph"
FORMAT = "larq_focal.QuantGraph/1"
_STRUCTURE = "structure.json"


def save_graph(graph: QuantGraph, path: str | Path) -> Path:
    """Writes ``graph`` to ``path`` (by custom ``*.qgraph``) and returns the path.

    Raises:
        TypeError: ``graph`` is no QuantGraph.
    """
    if not isinstance(graph, QuantGraph):
        raise TypeError(
            f"save_graph writes a QuantGraph, not a {type(graph).__name__}: read a Keras model by "
            "larq_focal.from_keras(model), a file by larq_focal.from_tflite(path)."
        )
    arrays: dict[str, np.ndarray] = {}
    structure = {
        "format": FORMAT,
        "name": graph.name,
        "outputs": list(graph.outputs),
        "ops": [{"op": type(op).__name__, **_encode(op, arrays)} for op in graph],
    }
    arrays[_STRUCTURE] = np.frombuffer(json.dumps(structure).encode(), np.uint8)
    with written_whole(path) as file:
        np.savez_compressed(file, **arrays)
    return Path(path)


def load_graph(path: str | Path) -> QuantGraph:
    """Reads a file that ``save_graph`` wrote.

    Raises:
        FileNotFoundError: there is no such file.
        GraphError: the file is not a graph, is damaged, or was written by a later format.
    """
    with open(path, "rb") as file:
        try:
            with np.load(file, allow_pickle=False) as archive:
                structure = json.loads(archive[_STRUCTURE].tobytes())
                if structure["format"] != FORMAT:
                    raise GraphError(f"'{path}' has the format {structure['format']!r}; this version reads {FORMAT!r}.")
                ops = [_decode(OPS[entry.pop("op")], entry, archive) for entry in structure["ops"]]
                return QuantGraph(structure["name"], ops, structure["outputs"])
        except GraphError:
            raise
        except Exception as error:  # damaged bytes may fail anywhere between zlib and JSON
            raise GraphError(
                f"'{path}' is not a readable graph file ({error}). Write it anew with `larq-focal graph`."
            ) from error


def _encode(item: Any, arrays: dict[str, np.ndarray]) -> Any:
    """Fields as JSON values; arrays go to ``arrays`` and leave their key behind."""
    fields = {}
    for field in dataclasses.fields(item):
        value = getattr(item, field.name)
        if isinstance(value, np.ndarray | np.generic):
            key = f"array{len(arrays)}"
            arrays[key] = value
            value = {"array": key}
        elif isinstance(value, Kernel):
            value = {"kernel": _encode(value, arrays)}
        fields[field.name] = value
    return fields


def _decode(cls: type[Op] | type[Kernel], fields: dict[str, Any], archive) -> Any:
    values = {}
    for name, value in fields.items():
        if isinstance(value, dict):
            value = archive[value["array"]] if "array" in value else _decode(Kernel, value["kernel"], archive)
        values[name] = _tuples(value)
    return cls(**values)


def _tuples(value: Any) -> Any:
    return tuple(_tuples(item) for item in value) if isinstance(value, list) else value
