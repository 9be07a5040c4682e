"""Writes flatbuffers of single operations of the Larq Compute Engine, without the slow way through its converter."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from ai_edge_litert import schema_py_generated as schema
from flatbuffers import Builder, flexbuffers

from larq_focal.network.packing import pack_bits

_TYPES = {
    np.dtype(np.float32): schema.TensorType.FLOAT32,
    np.dtype(np.int32): schema.TensorType.INT32,
    np.dtype(np.int8): schema.TensorType.INT8,
    np.dtype(bool): schema.TensorType.BOOL,
}


class LceFile:
    """A model in the making. Its tensors are known by their numbers."""

    def __init__(self):
        self._graph = schema.SubGraphT()
        self._graph.tensors, self._graph.operators, self._graph.inputs = [], [], []
        self._codes: list[schema.OperatorCodeT] = []
        self._buffers = [schema.BufferT()]  # LiteRT takes number 0 for "no data"

    def input(self, shape: Sequence[int], dtype, scale: float | None = None, zero_point: int = 0) -> int:
        number = self._tensor(shape, dtype, 0, scale, zero_point)
        self._graph.inputs.append(number)
        return number

    def constant(self, array: np.ndarray) -> int:
        buffer = schema.BufferT()
        buffer.data = np.frombuffer(array.tobytes(), np.uint8)
        self._buffers.append(buffer)
        return self._tensor(array.shape, array.dtype, len(self._buffers) - 1)

    def custom(
        self,
        name: str,
        inputs: Sequence[int],
        shape: Sequence[int],
        dtype,
        options: Mapping[str, int] | bytes = b"",
        scale: float | None = None,
        zero_point: int = 0,
    ) -> int:
        """A custom operator with one output of this shape and type; -1 stands for an input left out."""
        code = schema.OperatorCodeT()
        code.customCode = name
        code.builtinCode = code.deprecatedBuiltinCode = schema.BuiltinOperator.CUSTOM
        operator = schema.OperatorT()
        data = options if isinstance(options, bytes) else bytes(flexbuffers.Dumps(dict(options)))
        operator.customOptions = np.frombuffer(data, np.uint8)
        return self._operator(code, operator, inputs, self._tensor(shape, dtype, 0, scale, zero_point))

    def add(self, left: int, right: int, activation: int = 0) -> int:
        """The built-in ADD of two float32 tensors of the same shape."""
        code = schema.OperatorCodeT()
        code.builtinCode = code.deprecatedBuiltinCode = schema.BuiltinOperator.ADD
        operator = schema.OperatorT()
        operator.builtinOptionsType = schema.BuiltinOptions.AddOptions
        operator.builtinOptions = schema.AddOptionsT()
        operator.builtinOptions.fusedActivationFunction = activation
        return self._operator(code, operator, [left, right], self._tensor(self._shape(left), np.float32))

    def finished(self, *outputs: int) -> bytes:
        self._graph.outputs = list(outputs)
        model = schema.ModelT()
        model.version, model.description = 3, "test"
        model.subgraphs, model.operatorCodes, model.buffers = [self._graph], self._codes, self._buffers
        builder = Builder(1024)
        builder.Finish(model.Pack(builder), b"TFL3")
        return bytes(builder.Output())

    def _shape(self, number: int) -> list[int]:
        return self._graph.tensors[number].shape

    def _tensor(self, shape, dtype, buffer: int = 0, scale: float | None = None, zero_point: int = 0) -> int:
        tensor = schema.TensorT()
        tensor.name = f"tensor{len(self._graph.tensors)}"
        tensor.shape, tensor.type, tensor.buffer = [int(size) for size in shape], _TYPES[np.dtype(dtype)], buffer
        if scale is not None:
            tensor.quantization = schema.QuantizationParametersT()
            tensor.quantization.scale, tensor.quantization.zeroPoint = [scale], [zero_point]
        self._graph.tensors.append(tensor)
        return len(self._graph.tensors) - 1

    def _operator(self, code, operator, inputs: Sequence[int], output: int) -> int:
        self._codes.append(code)
        operator.opcodeIndex = len(self._codes) - 1
        operator.inputs, operator.outputs = list(inputs), [output]
        self._graph.operators.append(operator)
        return output


def residual_network(blocks: int = 3, side: int = 64, channels: int = 128) -> bytes:
    """Binary 3x3 convolutions, each added to what it is computed of; activations of 2 MiB, few weights."""
    random = np.random.default_rng(0)
    file = LceFile()
    image = (1, side, side, channels)
    values = file.input(image, np.float32)
    options = {
        **{f"{name}_{axis}": 1 for name, axis in (("stride", "height"), ("stride", "width"))},
        **{f"dilation_{axis}_factor": 1 for axis in ("height", "width")},
        **{"channels_in": channels, "fused_activation_function": 0, "pad_values": 1, "padding": 0},
    }
    for _ in range(blocks):
        bits = file.custom("LceQuantize", [values], (1, side, side, channels // 32), np.int32)
        filters = file.constant(pack_bits(random.choice([-1.0, 1.0], (channels, 3, 3, channels))))
        numbers = [file.constant(random.normal(size=channels).astype(np.float32)) for _ in range(2)]
        product = file.custom("LceBconv2d", [bits, filters, *numbers, -1], image, np.float32, options)
        values = file.add(product, values)
    return file.finished(values)
