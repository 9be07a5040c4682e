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
    keys: dict[int, str] = {}
    structure = {
        "format": FORMAT,
        "name": graph.name,
        "outputs": list(graph.outputs),
        "ops": [{"op": type(op).__name__, **_encode(op, arrays, keys)} for op in graph],
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
                arrays = _Arrays(archive)
                ops = [_decode(OPS[entry.pop("op")], entry, arrays) for entry in structure["ops"]]
                return QuantGraph(structure["name"], ops, structure["outputs"])
        except GraphError:
            raise
        except Exception as error:  # damaged bytes may fail anywhere between zlib and JSON
            raise GraphError(
                f"'{path}' is not a readable graph file ({error}). Write it anew with `larq-focal graph`."
            ) from error


def _encode(item: Any, arrays: dict[str, np.ndarray], keys: dict[int, str]) -> Any:
    """Fields as JSON values; arrays go to ``arrays`` and leave their key behind.

    An array that several operations share is written once: ``keys`` holds the keys by the identity of the arrays.
    """
    return {field.name: _value(getattr(item, field.name), arrays, keys) for field in dataclasses.fields(item)}


def _value(value: Any, arrays: dict[str, np.ndarray], keys: dict[int, str]) -> Any:
    if isinstance(value, np.ndarray | np.generic):
        key = keys.setdefault(id(value), f"array{len(arrays)}")
        arrays[key] = value
        return {"array": key}
    if isinstance(value, Kernel):
        return {"kernel": _encode(value, arrays, keys)}
    return [_value(entry, arrays, keys) for entry in value] if isinstance(value, tuple) else value


class _Arrays:
    """The arrays of a file, each read once, so that those which were shared are shared again."""

    def __init__(self, archive):
        self._archive = archive
        self._read: dict[str, np.ndarray] = {}

    def __getitem__(self, key: str) -> np.ndarray:
        if key not in self._read:
            self._read[key] = self._archive[key]
        return self._read[key]


def _decode(cls: type[Op] | type[Kernel], fields: dict[str, Any], arrays: _Arrays) -> Any:
    return cls(**{name: _restored(value, arrays) for name, value in fields.items()})


def _restored(value: Any, arrays: _Arrays) -> Any:
    if isinstance(value, dict):
        return arrays[value["array"]] if "array" in value else _decode(Kernel, value["kernel"], arrays)
    return tuple(_restored(entry, arrays) for entry in value) if isinstance(value, list) else value
