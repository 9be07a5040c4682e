"""A TensorFlow Lite file as it is written: operators, tensors and their data, with nothing interpreted.

The schema is the one that ships with LiteRT (``ai_edge_litert.schema_py_generated``). A file is not trusted: whatever
is wrong with it ends in a ``FlatbufferError``.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
from flatbuffers import flexbuffers

IDENTIFIER = b"TFL3"
NUMPY_TYPES = frozenset(
    {"bool", "complex64", "complex128", "float16", "float32", "float64"}
    | {f"{sign}int{bits}" for sign in ("", "u") for bits in (8, 16, 32, 64)}
)
"""Tensor types that NumPy has by itself; a package such as ml_dtypes may add others in its own layout."""
_MAX_CUSTOM_OPTIONS = 64
_DAMAGE = (struct.error, IndexError, ValueError, TypeError, OverflowError, AttributeError, RecursionError, KeyError)
"""What the generated accessors raise where offsets or lengths point outside the file."""


class FlatbufferError(ValueError):
    """A file is no TensorFlow Lite model, or a damaged one."""


@dataclass(frozen=True, eq=False)
class Quantization:
    """Real value = ``(q - zero_point) * scale``, along ``axis`` where there is more than one scale."""

    scale: np.ndarray
    zero_point: np.ndarray
    axis: int = 0


@dataclass(frozen=True, eq=False)
class Tensor:
    """A tensor; ``shape`` includes the batch axis, ``dtype`` is the type's name in NumPy, or in the schema ("int4").

    ``data`` is None unless the tensor is constant; types that NumPy lacks come as their raw bytes (uint8).
    """

    index: int
    name: str
    shape: tuple[int, ...]
    dtype: str
    data: np.ndarray | None = None
    quantization: Quantization | None = None

    @property
    def is_constant(self) -> bool:
        return self.data is not None

    @property
    def nbytes(self) -> int:
        """Bytes of the constant data; 0 for activations."""
        return 0 if self.data is None else self.data.nbytes


@dataclass(frozen=True, eq=False)
class Operator:
    """One call: ``kind`` is the builtin's name ("CONV_2D") or that of a custom operator ("LceBconv2d").

    ``options`` holds the builtin options under their schema names (``strideW``), or the custom options if they are a
    map. An optional input that is left out is None.
    """

    index: int
    kind: str
    options: dict[str, Any]
    inputs: tuple[Tensor | None, ...]
    outputs: tuple[Tensor, ...]
    is_custom: bool = False


@dataclass(frozen=True, eq=False)
class FlatModel:
    """The main graph of a TensorFlow Lite file, operators in the order of execution."""

    name: str
    tensors: tuple[Tensor, ...]
    operators: tuple[Operator, ...]
    inputs: tuple[Tensor, ...]
    outputs: tuple[Tensor, ...]
    description: str = ""
    content: bytes = field(default=b"", repr=False)
    input_names: tuple[str, ...] = ()
    output_names: tuple[str, ...] = ()
    """What the file's signature calls inputs and outputs, in their order; the tensors' names where it calls none."""

    @property
    def file_bytes(self) -> int:
        return len(self.content)

    @property
    def operations(self) -> tuple[str, ...]:
        """The kind of every operator, in order."""
        return tuple(operator.kind for operator in self.operators)

    @property
    def binary_operations(self) -> tuple[str, ...]:
        """Kinds of the Larq Compute Engine operators, each once, sorted."""
        return tuple(sorted({op.kind for op in self.operators if op.is_custom and op.kind.startswith("Lce")}))


def read_flatbuffer(source: str | Path | bytes) -> FlatModel:
    """Reads a TensorFlow Lite file.

    Args:
        source: path of the file, or its content.

    Raises:
        FlatbufferError: it is not a TensorFlow Lite model, or it contradicts itself.
        OSError: the file cannot be read.
        ImportError: the package ``ai-edge-litert``, whose schema is used, is missing.
    """
    if isinstance(source, str | Path):
        name, content = Path(source).stem, Path(source).read_bytes()
        called = f"'{source}'"
    else:
        name, content, called = "model", bytes(source), "The model"
    if content[4:8] != IDENTIFIER:
        raise FlatbufferError(
            f"{called} is not a TensorFlow Lite model: the identifier {IDENTIFIER.decode()!r} is missing"
            + (" (the file is empty)." if not content else ".")
        )
    try:
        return _ModelReader(content).read(name)
    except _DAMAGE as error:
        reason = str(error) if isinstance(error, FlatbufferError) else "an offset or length points outside the file"
        raise FlatbufferError(f"{called} is damaged: {reason}. Convert or copy it anew.") from error


class _ModelReader:
    """Reads with bounds: all list elements together cannot take more bytes than the file has."""

    def __init__(self, content: bytes):
        self.content = content
        self.bytes_left = len(content)
        self.schema = _schema()
        self.builtin_names = _names(self.schema.BuiltinOperator)
        self.type_names = _names(self.schema.TensorType)

    def read(self, name: str) -> FlatModel:
        model = self.schema.Model.GetRootAs(self.content)
        if model.SubgraphsLength() < 1:
            raise FlatbufferError("it holds no graph")
        graph = model.Subgraphs(0)
        buffers = [self._buffer(model.Buffers(i)) for i in self._range(model.BuffersLength())]
        codes = [model.OperatorCodes(i) for i in self._range(model.OperatorCodesLength())]
        tensors = tuple(self._tensor(i, graph.Tensors(i), buffers) for i in self._range(graph.TensorsLength()))
        operators = tuple(
            self._operator(i, graph.Operators(i), codes, tensors) for i in self._range(graph.OperatorsLength())
        )
        self._check_the_rest(model, len(buffers), len(tensors))
        inputs, outputs = (self._pick(i, tensors) for i in (graph.InputsAsNumpy(), graph.OutputsAsNumpy()))
        called = [{}, {}] if model.SignatureDefsIsNone() else self._signature(model)
        return FlatModel(
            name=name,
            tensors=tensors,
            operators=operators,
            inputs=inputs,
            outputs=outputs,
            description=_text(model.Description()),
            content=self.content,
            input_names=tuple(called[0].get(tensor.index, tensor.name) for tensor in inputs),
            output_names=tuple(called[1].get(tensor.index, tensor.name) for tensor in outputs),
        )

    def _signature(self, model) -> list[dict[int, str]]:
        """Names of inputs and of outputs by the index of their tensor, from the first signature of the main graph."""
        for i in self._range(model.SignatureDefsLength()):
            signature = model.SignatureDefs(i)
            if signature.SubgraphIndex() == 0:
                maps = (
                    [signature.Inputs(j) for j in self._range(signature.InputsLength())],
                    [signature.Outputs(j) for j in self._range(signature.OutputsLength())],
                )
                return [{entry.TensorIndex(): _text(entry.Name()) for entry in entries} for entries in maps]
        return [{}, {}]

    def _check_the_rest(self, model, buffers: int, tensors: int) -> None:
        """Metadata and signatures are not needed here, but interpreters follow them without looking."""
        for i in self._range(model.MetadataLength()):
            _text(model.Metadata(i).Name())
            _pick(range(buffers), model.Metadata(i).Buffer(), "buffer")
        for i in self._range(model.SignatureDefsLength()):
            signature = model.SignatureDefs(i)
            _text(signature.SignatureKey())
            _pick(range(model.SubgraphsLength()), signature.SubgraphIndex(), "graph")
            ends = [signature.Inputs(j) for j in self._range(signature.InputsLength())]
            ends += [signature.Outputs(j) for j in self._range(signature.OutputsLength())]
            for end in ends:
                _text(end.Name())
                _pick(range(tensors), end.TensorIndex(), "tensor")

    def _range(self, length: int) -> range:
        self.bytes_left -= 4 * length
        if self.bytes_left < 0:
            raise FlatbufferError("it lists more elements than it has bytes")
        return range(length)

    def _buffer(self, buffer) -> np.ndarray | None:
        if offset := getattr(buffer, "Offset", int)():  # data behind the flatbuffer, in files of more than 2 GB
            return np.frombuffer(self.content, np.uint8, buffer.Size(), offset)
        return None if buffer.DataIsNone() or not buffer.DataLength() else buffer.DataAsNumpy()

    def _tensor(self, index: int, table, buffers: list[np.ndarray | None]) -> Tensor:
        name = _text(table.Name()) or f"tensor{index}"
        shape = tuple(table.Shape(i) for i in self._range(table.ShapeLength()))
        if any(size < 0 for size in shape):
            raise FlatbufferError(f"the tensor '{name}' has the shape {shape}")
        if table.Type() not in self.type_names:
            raise FlatbufferError(f"the tensor '{name}' has the unknown type {table.Type()}")
        dtype = self.type_names[table.Type()].lower()
        data = _pick(buffers, table.Buffer(), "buffer")
        if data is not None:
            data = None if table.Sparsity() else _shaped(name, data, shape, dtype)
        return Tensor(index, name, shape, dtype, data, self._quantization(name, shape, table.Quantization()))

    def _quantization(self, name: str, shape: tuple[int, ...], table) -> Quantization | None:
        if table is None or not table.ScaleLength():
            return None
        count = len(self._range(table.ScaleLength()))
        scale = table.ScaleAsNumpy()
        zero_point = table.ZeroPointAsNumpy() if table.ZeroPointLength() else np.zeros(count, np.int64)
        axis = table.QuantizedDimension()
        fits = count == 1 or (0 <= axis < len(shape) and shape[axis] == count)
        if not fits or len(zero_point) not in (1, count) or not np.isfinite(scale).all():
            raise FlatbufferError(f"the scales of the tensor '{name}' do not fit its shape {shape}")
        return Quantization(scale, np.broadcast_to(zero_point, count), axis)

    def _operator(self, index: int, table, codes: list, tensors: tuple[Tensor, ...]) -> Operator:
        code = _pick(codes, table.OpcodeIndex(), "operator code")
        number = max(code.BuiltinCode(), code.DeprecatedBuiltinCode())
        is_custom = number == self.schema.BuiltinOperator.CUSTOM
        if is_custom:
            kind = _text(code.CustomCode())
            options = _custom_options(table.CustomOptionsAsNumpy() if table.CustomOptionsLength() else None)
        else:
            kind = self.builtin_names.get(number, f"BUILTIN_{number}")
            decoded = self.schema.BuiltinOptionsCreator(table.BuiltinOptionsType(), table.BuiltinOptions())
            options = {} if decoded is None else vars(decoded)
        inputs = table.InputsAsNumpy() if table.InputsLength() else []
        return Operator(
            index=index,
            kind=kind,
            options=options,
            inputs=tuple(None if i == -1 else _pick(tensors, i, "tensor") for i in self._each(inputs)),
            outputs=self._pick(table.OutputsAsNumpy(), tensors),
            is_custom=is_custom,
        )

    def _pick(self, indices: np.ndarray | int, tensors: tuple[Tensor, ...]) -> tuple[Tensor, ...]:
        """The tensors of an index list; the accessors give the number 0 for a list that is left out."""
        indices = [] if isinstance(indices, int) else indices
        return tuple(_pick(tensors, i, "tensor") for i in self._each(indices))

    def _each(self, indices) -> Iterator[int]:
        return (int(indices[i]) for i in self._range(len(indices)))


def _pick(items, index: int, what: str):
    if not 0 <= index < len(items):
        raise FlatbufferError(f"it refers to {what} {index} of {len(items)}")
    return items[index]


def _shaped(name: str, data: np.ndarray, shape: tuple[int, ...], dtype: str) -> np.ndarray:
    if dtype not in NUMPY_TYPES:
        return data
    try:
        return data.view(dtype).reshape(shape)
    except ValueError:
        raise FlatbufferError(f"the tensor '{name}' of shape {shape} cannot hold {data.nbytes} bytes") from None


def _custom_options(data: np.ndarray | None) -> dict[str, Any]:
    """A flat FlexBuffer map of numbers and texts as a dict; anything else is left out."""
    if data is None:
        return {}
    root = flexbuffers.GetRoot(data.tobytes())
    if not root.IsMap or len(root.AsMap) > _MAX_CUSTOM_OPTIONS:
        return {}
    scalar = (bool, int, float, str)
    pairs = zip(root.AsMap.Keys, root.AsMap.Values, strict=True)
    return {
        key.AsKey: value.Value
        for key, value in pairs
        if not (value.IsVector or value.IsMap or value.IsBlob) and isinstance(value.Value, scalar)
    }


def _text(value: bytes | None) -> str:
    return "" if value is None else value.decode(errors="replace")


@cache
def _names(enum: type) -> dict[int, str]:
    return {value: name for name, value in vars(enum).items() if isinstance(value, int)}


@cache
def _schema() -> ModuleType:
    try:
        from ai_edge_litert import schema_py_generated
    except ImportError as error:
        raise ImportError(
            "Reading TensorFlow Lite files needs the schema of LiteRT: pip install ai-edge-litert"
        ) from error
    return schema_py_generated
