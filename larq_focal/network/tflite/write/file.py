"""A TensorFlow Lite file under construction: tensors, constants and operators by number, in LiteRT's own schema."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import flatbuffers
import numpy as np
from flatbuffers import flexbuffers

from larq_focal.network.tflite.flat_model import IDENTIFIER
from larq_focal.network.tflite.litert_schema import schema

VERSION = 3
SIGNATURE = "serving_default"
_ALIGNMENT = 16
"""Of constant data, as the schema asks for it."""
_LARGEST_OLD_CODE = 127
"""Operators of larger numbers have this one in the field that old runtimes read."""


class TooLarge(ValueError):
    """A file would have more bytes than a flatbuffer can address."""


class FlatFile:
    """Collects one graph. Shapes include the batch axis; a tensor is told by its number."""

    def __init__(self):
        self._schema = schema()
        self._tensors: list = []
        self._operators: list = []
        self._buffers = [self._schema.BufferT()]  # number 0 stands for "no data"
        self._codes: dict[tuple[int, str], int] = {}
        self._constants: dict[tuple, int] = {}
        self._data: dict[bytes, int] = {}

    def tensor(self, name: str, shape: Sequence[int], dtype: str = "float32") -> int:
        """Adds a tensor without data."""
        tensor = self._schema.TensorT()
        tensor.name, tensor.shape = name or None, np.array(shape, np.int32)
        tensor.type = getattr(self._schema.TensorType, dtype.upper())
        self._tensors.append(tensor)
        return len(self._tensors) - 1

    def rename(self, tensor: int, name: str) -> None:
        self._tensors[tensor].name = name

    def constant(self, values: np.ndarray) -> int:
        """Adds a constant without a name; one of the same values, shape and type as before is the same tensor."""
        values = np.ascontiguousarray(values)
        data = values.tobytes()
        key = (values.dtype.str, values.shape, data)
        if key not in self._constants:
            index = self._constants[key] = self.tensor("", values.shape, str(values.dtype))
            if data not in self._data:
                buffer = self._schema.BufferT()
                buffer.data = np.frombuffer(data, np.uint8)
                self._data[data] = len(self._buffers)
                self._buffers.append(buffer)
            self._tensors[index].buffer = self._data[data]
        return self._constants[key]

    def builtin(
        self, kind: str, inputs: Sequence[int], outputs: Sequence[int], options: str = "", **fields: Any
    ) -> None:
        """Adds an operator of TensorFlow Lite, ``kind`` by its name in the schema; an input that is left out is -1.

        Args:
            options: the name of the table of its options, "Conv2DOptions", which has the ``fields``.
        """
        operator = self._operator(getattr(self._schema.BuiltinOperator, kind), "", inputs, outputs)
        if options:
            operator.builtinOptionsType = getattr(self._schema.BuiltinOptions, options)
            operator.builtinOptions = getattr(self._schema, f"{options}T")()
            for name, value in fields.items():
                setattr(operator.builtinOptions, name, value)

    def custom(
        self, kind: str, inputs: Sequence[int], outputs: Sequence[int], options: Mapping[str, int] | None = None
    ) -> None:
        """Adds an operator that is not part of TensorFlow Lite, its options as a map."""
        operator = self._operator(self._schema.BuiltinOperator.CUSTOM, kind, inputs, outputs)
        if options:
            operator.customOptions = np.frombuffer(bytes(flexbuffers.Dumps(dict(options))), np.uint8)

    def _operator(self, builtin: int, custom: str, inputs: Sequence[int], outputs: Sequence[int]):
        operator = self._schema.OperatorT()
        operator.opcodeIndex = self._codes.setdefault((builtin, custom), len(self._codes))
        operator.inputs, operator.outputs = np.array(inputs, np.int32), np.array(outputs, np.int32)
        self._operators.append(operator)
        return operator

    def content(self, inputs: Mapping[str, int], outputs: Mapping[str, int], name: str, description: str) -> bytes:
        """The bytes of the file.

        Args:
            inputs: the tensors of the inputs by what the signature calls them, in order; ``outputs`` likewise.
            name: of the graph.

        Raises:
            TooLarge: there are more than 2 GB.
        """
        graph, model = self._schema.SubGraphT(), self._schema.ModelT()
        graph.name, graph.tensors, graph.operators = name, self._tensors, self._operators
        graph.inputs, graph.outputs = (np.array(list(ends.values()), np.int32) for ends in (inputs, outputs))
        model.version, model.description, model.subgraphs, model.buffers = VERSION, description, [graph], self._buffers
        model.operatorCodes = [self._code(*code) for code in self._codes]
        model.signatureDefs = [self._signature(inputs, outputs)]
        data_bytes = sum(map(len, self._data))
        builder = _Builder(min(2**30, data_bytes + 1024 * (len(self._tensors) + 1)))
        try:
            builder.Finish(model.Pack(builder), IDENTIFIER)
        except flatbuffers.builder.BuilderSizeError as error:
            raise TooLarge(f"its constants have {data_bytes / 2**30:.2g} GB, and a file can hold 2 GB") from error
        return bytes(builder.Output())

    def _code(self, builtin: int, custom: str):
        code = self._schema.OperatorCodeT()
        code.builtinCode, code.deprecatedBuiltinCode, code.version = builtin, min(builtin, _LARGEST_OLD_CODE), 1
        code.customCode = custom or None
        return code

    def _signature(self, inputs: Mapping[str, int], outputs: Mapping[str, int]):
        signature = self._schema.SignatureDefT()
        signature.signatureKey, signature.subgraphIndex = SIGNATURE, 0
        signature.inputs, signature.outputs = (
            [self._named(*end) for end in ends.items()] for ends in (inputs, outputs)
        )
        return signature

    def _named(self, name: str, tensor: int):
        entry = self._schema.TensorMapT()
        entry.name, entry.tensorIndex = name, tensor
        return entry


class _Builder(flatbuffers.Builder):
    """Aligns data as the schema asks for it, which the generated code does not, and writes the same data once."""

    def __init__(self, size: int):
        super().__init__(size)
        self._written: dict[bytes, int] = {}

    def CreateNumpyVector(self, x):
        if x.dtype != np.uint8:
            return super().CreateNumpyVector(x)
        data = x.tobytes()
        if data not in self._written:
            self.Prep(_ALIGNMENT, x.nbytes)
            self._written[data] = super().CreateNumpyVector(x)
        return self._written[data]
