"""A TensorFlow Lite file under construction: tensors, constants and operators by number, in LiteRT's own schema."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import flatbuffers
import numpy as np
from flatbuffers import flexbuffers

from larq_focal.network.tflite.flat_model import IDENTIFIER, Quantization
from larq_focal.network.tflite.litert_schema import schema
from larq_focal.network.tflite.metadata import AlignedBuilder, add_metadata
from larq_focal.network.tflite.write import runtime_versions

VERSION = 3
SIGNATURE = "serving_default"
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
        self._codes: dict[tuple[int, str, int], int] = {}
        self._constants: dict[tuple, int] = {}
        self._data: dict[bytes, int] = {}

    def tensor(
        self, name: str, shape: Sequence[int], dtype: str = "float32", quantization: Quantization | None = None
    ) -> int:
        """Adds a tensor without data; one of integers may say what they stand for."""
        tensor = self._schema.TensorT()
        tensor.name, tensor.shape = name or None, np.array(shape, np.int32)
        tensor.type = getattr(self._schema.TensorType, dtype.upper())
        if quantization is not None:
            tensor.quantization = self._schema.QuantizationParametersT()
            tensor.quantization.scale = np.asarray(quantization.scale, np.float32)
            tensor.quantization.zeroPoint = np.asarray(quantization.zero_point, np.int64)
            tensor.quantization.quantizedDimension = quantization.axis
        self._tensors.append(tensor)
        return len(self._tensors) - 1

    def rename(self, tensor: int, name: str) -> None:
        self._tensors[tensor].name = name

    def constant(self, values: np.ndarray, quantization: Quantization | None = None) -> int:
        """Adds a constant without a name; one that is the same as one before, in every respect, is the same tensor."""
        values = np.ascontiguousarray(values)
        data = values.tobytes()
        key = (values.dtype.str, values.shape, data, _key(quantization))
        if key not in self._constants:
            index = self._constants[key] = self.tensor("", values.shape, str(values.dtype), quantization)
            if data not in self._data:
                buffer = self._schema.BufferT()
                buffer.data = np.frombuffer(data, np.uint8)
                self._data[data] = len(self._buffers)
                self._buffers.append(buffer)
            self._tensors[index].buffer = self._data[data]
        return self._constants[key]

    def builtin(
        self,
        kind: str,
        inputs: Sequence[int],
        outputs: Sequence[int],
        options: str = "",
        version: int = 1,
        **fields: Any,
    ) -> None:
        """Adds an operator of TensorFlow Lite, ``kind`` by its name in the schema; an input that is left out is -1.

        Args:
            options: the name of the table of its options, "Conv2DOptions", which has the ``fields``.
            version: of the operator: the first that has all that is used of it.
        """
        operator = self._operator(getattr(self._schema.BuiltinOperator, kind), "", inputs, outputs, version)
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

    def carried(self, content: bytes, inputs: Mapping[int, int]) -> list[int]:
        """Adds the operator of a file that holds one, bit for bit, and returns its outputs.

        Args:
            content: the file.
            inputs: the tensors here by the numbers of those there that are not constant.
        """
        model = self._schema.ModelT.InitFromObj(self._schema.Model.GetRootAs(content))
        (graph,), (code,) = model.subgraphs, model.operatorCodes
        (operator,) = graph.operators
        place = {-1: -1, **inputs}
        for index, tensor in enumerate(graph.tensors):
            if index in place:
                continue
            data = model.buffers[tensor.buffer].data if tensor.buffer else None
            tensor.buffer = 0
            if data is not None:
                key = np.asarray(data, np.uint8).tobytes()
                if key not in self._data:
                    buffer = self._schema.BufferT()
                    buffer.data = np.frombuffer(key, np.uint8)
                    self._data[key] = len(self._buffers)
                    self._buffers.append(buffer)
                tensor.buffer = self._data[key]
            place[index] = len(self._tensors)
            self._tensors.append(tensor)
        custom = "" if code.customCode is None else code.customCode.decode()
        builtin = max(code.builtinCode, code.deprecatedBuiltinCode)
        operator.opcodeIndex = self._codes.setdefault((builtin, custom, code.version), len(self._codes))
        operator.inputs = np.array([place[int(index)] for index in operator.inputs], np.int32)
        outputs = [place[int(index)] for index in operator.outputs]
        operator.outputs = np.array(outputs, np.int32)
        self._operators.append(operator)
        return outputs

    def _operator(self, builtin: int, custom: str, inputs: Sequence[int], outputs: Sequence[int], version: int = 1):
        operator = self._schema.OperatorT()
        operator.opcodeIndex = self._codes.setdefault((builtin, custom, version), len(self._codes))
        operator.inputs, operator.outputs = np.array(inputs, np.int32), np.array(outputs, np.int32)
        self._operators.append(operator)
        return operator

    def content(
        self,
        inputs: Mapping[str, int],
        outputs: Mapping[str, int],
        name: str,
        description: str,
        metadata: Mapping[str, bytes],
    ) -> bytes:
        """The bytes of the file.

        Args:
            inputs: the tensors of the inputs by what the signature calls them, in order; ``outputs`` likewise.
            name: of the graph.
            metadata: entries by their names, beside the oldest runtime that has the operators.

        Raises:
            TooLarge: there are more than 2 GB.
        """
        graph, model = self._schema.SubGraphT(), self._schema.ModelT()
        graph.name, graph.tensors, graph.operators = name, self._tensors, self._operators
        graph.inputs, graph.outputs = (np.array(list(ends.values()), np.int32) for ends in (inputs, outputs))
        model.version, model.description, model.subgraphs, model.buffers = VERSION, description, [graph], self._buffers
        model.operatorCodes = [self._code(*code) for code in self._codes]
        model.signatureDefs = [self._signature(inputs, outputs)]
        add_metadata(model, {runtime_versions.ENTRY: self._min_runtime_version(), **metadata})
        data_bytes = sum(map(len, self._data))
        builder = AlignedBuilder(min(2**30, data_bytes + 1024 * (len(self._tensors) + 1)))
        try:
            builder.Finish(model.Pack(builder), IDENTIFIER)
        except flatbuffers.builder.BuilderSizeError as error:
            raise TooLarge(f"its constants have {data_bytes / 2**30:.2g} GB, and a file can hold 2 GB") from error
        return bytes(builder.Output())

    def _min_runtime_version(self) -> bytes:
        names = {number: name for name, number in vars(self._schema.BuiltinOperator).items() if name.isupper()}
        builtins = [(names[builtin], version) for builtin, custom, version in self._codes if not custom]
        return runtime_versions.min_runtime_version(builtins)

    def _code(self, builtin: int, custom: str, version: int):
        code = self._schema.OperatorCodeT()
        code.builtinCode, code.deprecatedBuiltinCode, code.version = builtin, min(builtin, _LARGEST_OLD_CODE), version
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


def _key(quantization: Quantization | None) -> tuple | None:
    if quantization is None:
        return None
    return tuple(map(float, quantization.scale)), tuple(map(int, quantization.zero_point)), quantization.axis
