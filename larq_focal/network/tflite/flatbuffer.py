"""Reads TensorFlow Lite files.

The schema is the one that ships with LiteRT (``ai_edge_litert.schema_py_generated``). A file is not trusted: whatever
is wrong with it ends in a ``FlatbufferError``.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from functools import cache
from pathlib import Path

import numpy as np

from larq_focal.files import existing_file
from larq_focal.network.names import unique
from larq_focal.network.tflite.custom_options import DAMAGE, custom_options
from larq_focal.network.tflite.flat_model import (
    IDENTIFIER,
    NUMPY_TYPES,
    FlatbufferError,
    FlatModel,
    Operator,
    Quantization,
    Tensor,
)
from larq_focal.network.tflite.litert_schema import schema
from larq_focal.network.tflite.signature import Named, in_order

__all__ = [
    "IDENTIFIER",
    "NUMPY_TYPES",
    "FlatModel",
    "FlatbufferError",
    "Operator",
    "Quantization",
    "Tensor",
    "read_flatbuffer",
]


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
        name, content = Path(source).stem, existing_file(source).read_bytes()
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
    except DAMAGE as error:
        reason = str(error) if isinstance(error, FlatbufferError) else "an offset or length points outside the file"
        raise FlatbufferError(f"{called} is damaged: {reason}. Convert or copy it again.") from error


class _Whole(bytes):
    """Bytes without slices that go beyond the end: a text with a wrong length would come back as a shorter one."""

    def __getitem__(self, key):
        if isinstance(key, slice) and key.stop is not None and key.stop > len(self):
            raise IndexError(f"{key.stop} of {len(self)}")
        return super().__getitem__(key)


class _ModelReader:
    """Reads with bounds: all list elements together cannot take more bytes than the file has."""

    def __init__(self, content: bytes):
        self.content = content
        self.bytes_left = len(content)
        self.schema = schema()
        self.builtin_names = _names(self.schema.BuiltinOperator)
        self.type_names = _names(self.schema.TensorType)

    def read(self, name: str) -> FlatModel:
        model = self.schema.Model.GetRootAs(_Whole(self.content))
        self.schema.ModelT.InitFromObj(model)  # interpreters follow offsets to what is not needed here, without looking
        if model.SubgraphsLength() < 1:
            raise FlatbufferError("it holds no graph")
        graph = model.Subgraphs(0)
        buffers = [self._buffer(model.Buffers(i)) for i in self._range(model.BuffersLength())]
        codes = [model.OperatorCodes(i) for i in self._range(model.OperatorCodesLength())]
        read = [self._tensor(i, graph.Tensors(i), buffers) for i in self._range(graph.TensorsLength())]
        metadata = self._metadata(model, buffers)
        self._check_signatures(model, len(read))
        graph_inputs, graph_outputs = (
            tuple(_pick(read, i, "tensor").index for i in self._each(indices))
            for indices in (graph.InputsAsNumpy(), graph.OutputsAsNumpy())
        )
        signature, named_inputs, named_outputs = self._signature(model)
        description = _text(model.Description())
        inputs = in_order(graph_inputs, named_inputs, description)
        outputs = in_order(graph_outputs, named_outputs, description)
        names = {index: name for name, index in reversed([*inputs, *outputs]) if name}
        tensors = tuple(replace(tensor, name=names.get(tensor.index, tensor.name)) for tensor in read)
        operators = tuple(
            self._operator(i, graph.Operators(i), codes, tensors) for i in self._range(graph.OperatorsLength())
        )
        return FlatModel(
            name=name,
            tensors=tensors,
            operators=operators,
            inputs=tuple(tensors[index] for _, index in inputs),
            outputs=tuple(tensors[index] for _, index in outputs),
            input_names=unique([name or tensors[index].name for name, index in inputs]),
            output_names=unique([name or tensors[index].name for name, index in outputs]),
            graph_inputs=graph_inputs,
            graph_outputs=graph_outputs,
            signature=signature,
            description=description,
            metadata=metadata,
            content=self.content,
        )

    def _signature(self, model) -> tuple[str | None, Named, Named]:
        """Key, names of inputs and of outputs with the index of their tensor, of the main graph's first signature."""
        for i in self._range(model.SignatureDefsLength()):
            signature = model.SignatureDefs(i)
            if signature.SubgraphIndex() == 0:
                inputs = [signature.Inputs(j) for j in self._range(signature.InputsLength())]
                outputs = [signature.Outputs(j) for j in self._range(signature.OutputsLength())]
                return _text(signature.SignatureKey()), _named(inputs), _named(outputs)
        return None, [], []

    def _metadata(self, model, buffers: list[np.ndarray | None]) -> dict[str, np.ndarray]:
        entries = [model.Metadata(i) for i in self._range(model.MetadataLength())]
        found = [(_text(entry.Name()), _pick(buffers, entry.Buffer(), "buffer")) for entry in entries]
        return {name: data for name, data in found if data is not None}

    def _check_signatures(self, model, tensors: int) -> None:
        """All are looked at: interpreters follow those that are not needed here too, without looking."""
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
        if data is not None and table.Sparsity() is None:
            data = _shaped(name, data, shape, dtype)
        quantization = self._quantization(name, shape, table.Quantization())
        return Tensor(index, name, shape, dtype, data, quantization, table.IsVariable(), table.Buffer())

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
            options = custom_options(table.CustomOptionsAsNumpy() if table.CustomOptionsLength() else None)
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
        return tuple(_pick(tensors, i, "tensor") for i in self._each(indices))

    def _each(self, indices: np.ndarray | int) -> Iterator[int]:
        """The elements of an index list; the accessors give the number 0 for a list that is left out."""
        indices = [] if isinstance(indices, int) else indices
        return (int(indices[i]) for i in self._range(len(indices)))


def _named(entries: list) -> Named:
    return [(_text(entry.Name()), entry.TensorIndex()) for entry in entries]


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


def _text(value: bytes | None) -> str:
    return "" if value is None else value.decode(errors="replace")


@cache
def _names(enum: type) -> dict[int, str]:
    return {value: name for name, value in vars(enum).items() if isinstance(value, int)}
