"""A QuantGraph in one file: a NumPy archive with the structure as JSON beside the arrays; nothing is pickled."""

from __future__ import annotations

import dataclasses
import io
import json
import math
from pathlib import Path
from types import UnionType
from typing import Any, BinaryIO, Literal, Union, get_args, get_origin, get_type_hints

import numpy as np

from larq_focal.arrays import ArrayArchive, ArrayFileError
from larq_focal.files import existing_file, written_whole
from larq_focal.messages import short
from larq_focal.network.graph import GraphError, QuantGraph
from larq_focal.network.kernel import Kernel
from larq_focal.network.ops import OPS, Input, Op, Unknown

SUFFIX = ".qgraph"
FORMAT = "larq_focal.QuantGraph/1"
_STRUCTURE = "structure.json"
_LARGEST_INTEGER, _MOST_ELEMENTS = 2**31, 2**40  # beyond, something is wrong


def save_graph(graph: QuantGraph, path: str | Path) -> Path:
    """Writes ``graph`` to ``path`` (by custom ``*.qgraph``) and returns the path.

    Raises:
        TypeError: ``graph`` is not a QuantGraph.
    """
    if not isinstance(graph, QuantGraph):
        raise TypeError(
            f"save_graph writes a QuantGraph, not a {type(graph).__name__}: read a Keras model by "
            "larq_focal.from_keras(model), a file by larq_focal.from_tflite(path)."
        )
    with written_whole(path) as file:
        _write(graph, file)
    return Path(path)


def graph_bytes(graph: QuantGraph) -> bytes:
    """What ``save_graph`` writes."""
    buffer = io.BytesIO()
    _write(graph, buffer)
    return buffer.getvalue()


def _write(graph: QuantGraph, file: BinaryIO) -> None:
    arrays: dict[str, np.ndarray] = {}
    keys: dict[int, str] = {}
    structure = {
        "format": FORMAT,
        "name": graph.name,
        "outputs": list(graph.outputs),
        "ops": [{"op": type(op).__name__, **_encode(op, arrays, keys)} for op in graph],
    }
    arrays[_STRUCTURE] = np.frombuffer(json.dumps(structure).encode(), np.uint8)
    np.savez_compressed(file, **arrays)


def load_graph(path: str | Path) -> QuantGraph:
    """Reads a file that ``save_graph`` wrote.

    Raises:
        FileNotFoundError: there is no such file.
        GraphError: the file is not a graph, is damaged, or was written by a later format.
    """
    return _read(existing_file(path), None)


def graph_from_bytes(content: bytes, name: str) -> QuantGraph:
    """The graph of ``graph_bytes``, which errors call ``name``; errors as for ``load_graph``."""
    return _read(Path(name), content)


def _read(path: Path, content: bytes | None) -> QuantGraph:
    try:
        with ArrayArchive(path, content) as archive:
            structure = json.loads(archive[_STRUCTURE].tobytes())
            if structure["format"] == FORMAT:
                arrays = _Arrays(archive)
                ops = [_decode(OPS[entry.pop("op")], entry, arrays) for entry in structure["ops"]]
                for op in ops:
                    if not op.inputs and not isinstance(op, Input | Unknown):
                        raise GraphError(f"'{op.name}' has no inputs")
                name, outputs = _checked(structure["name"], str, "name"), _restored(structure["outputs"], arrays)
                return QuantGraph(name, ops, _checked(outputs, tuple[str, ...], "outputs"))
    except Exception as error:  # damaged bytes may fail anywhere between zlib and JSON
        is_ours = isinstance(error, ArrayFileError | GraphError)
        reason = str(error) if is_ours else f"{type(error).__name__}: {short(error)}"
        raise GraphError(
            f"'{path}' is not a readable graph file ({reason}). Write it again with `larq-focal graph`."
        ) from error
    raise GraphError(f"'{path}' has the format {short(repr(structure['format']))}; this version reads {FORMAT!r}.")


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
    hints = get_type_hints(cls)
    values = {
        name: _checked(_restored(value, arrays), hints[name], f"{cls.__name__}.{name}")
        for name, value in fields.items()
    }
    if min(values.get("shape", ()), default=1) < 0 or math.prod(values.get("shape", ())) > _MOST_ELEMENTS:
        raise ValueError(f"{cls.__name__} has the shape {short(values['shape'], 60)}")
    return cls(**values)


def _restored(value: Any, arrays: _Arrays) -> Any:
    if isinstance(value, dict):
        return arrays[value["array"]] if "array" in value else _decode(Kernel, value["kernel"], arrays)
    return tuple(_restored(entry, arrays) for entry in value) if isinstance(value, list) else value


def _checked(value: Any, hint: Any, what: str) -> Any:
    """``value``, which must be what the class declares.

    Raises:
        TypeError: it is not.
    """
    if not _fits(value, hint):
        raise TypeError(f"{what} is {short(repr(value), 60)}, and must be {getattr(hint, '__name__', hint)}")
    return value


def _fits(value: Any, hint: Any) -> bool:
    """Whether ``value`` is of the declared type; numbers must be numbers that count something, arrays hold numbers."""
    origin, arguments = get_origin(hint), get_args(hint)
    if origin in (Union, UnionType):
        return any(_fits(value, each) for each in arguments)
    if origin is Literal:
        return value in arguments
    if origin is tuple:
        if not isinstance(value, tuple):
            return False
        if arguments[1:] == (...,):
            return all(_fits(item, arguments[0]) for item in value)
        return len(value) == len(arguments) and all(map(_fits, value, arguments))
    if hint is np.ndarray:
        return isinstance(value, np.ndarray) and value.dtype.kind in "biuf"
    if hint is int:
        return type(value) is int and abs(value) <= _LARGEST_INTEGER
    if hint is float:
        return type(value) in (int, float) and not math.isnan(value)
    return type(value) is hint or (hint is Kernel and isinstance(value, Kernel))
