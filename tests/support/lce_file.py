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
        """The built-in ADD of float32 tensors; the first has the shape of the sum, as in all that follow."""
        return self._builtin("ADD", [left, right], self._shape(left), "Add", fusedActivationFunction=activation)

    def multiply(self, left: int, right: int, activation: int = 0) -> int:
        return self._builtin("MUL", [left, right], self._shape(left), "Mul", fusedActivationFunction=activation)

    def prelu(self, value: int, slopes: int) -> int:
        return self._builtin("PRELU", [value, slopes], self._shape(value))

    def concatenate(self, *pieces: int) -> int:
        """Along the last axis."""
        shape = [*self._shape(pieces[0])[:-1], sum(self._shape(piece)[-1] for piece in pieces)]
        return self._builtin("CONCATENATION", pieces, shape, "Concatenation", axis=len(shape) - 1)

    def pad_channels(self, value: int, before: int, behind: int) -> int:
        *pixels, channels = self._shape(value)
        paddings = np.array([*[[0, 0]] * len(pixels), [before, behind]], np.int32)
        return self._builtin("PAD", [value, self.constant(paddings)], [*pixels, before + channels + behind], "Pad")

    def image_mean(self, value: int) -> int:
        """AVERAGE_POOL_2D over a whole image."""
        images, height, width, channels = self._shape(value)
        return self._builtin(
            "AVERAGE_POOL_2D",
            [value],
            [images, 1, 1, channels],
            "Pool2D",
            padding=schema.Padding.VALID,
            strideH=height,
            strideW=width,
            filterHeight=height,
            filterWidth=width,
        )

    def max_pool(
        self, value: int, shape: Sequence[int], size: Sequence[int], strides: Sequence[int], padding: int
    ) -> int:
        """MAX_POOL_2D to this shape; sizes and strides are (height, width), the padding is schema.Padding's."""
        (height, width), (down, right) = size, strides
        sizes = {"filterHeight": height, "filterWidth": width, "strideH": down, "strideW": right}
        return self._builtin("MAX_POOL_2D", [value], shape, "Pool2D", padding=padding, **sizes)

    def depthwise(self, value: int, filters: np.ndarray, bias: np.ndarray, shape: Sequence[int], padding: int) -> int:
        """Filters [1, rows, columns, channels], by CONV_2D where there is one channel."""
        steps = {"padding": padding, "strideH": 1, "strideW": 1, "dilationHFactor": 1, "dilationWFactor": 1}
        inputs = [value, self.constant(filters), self.constant(bias)]
        if filters.shape[-1] == 1:
            return self._builtin("CONV_2D", inputs, shape, "Conv2D", **steps)
        return self._builtin("DEPTHWISE_CONV_2D", inputs, shape, "DepthwiseConv2D", depthMultiplier=1, **steps)

    def finished(self, *outputs: int) -> bytes:
        self._graph.outputs = list(outputs)
        model = schema.ModelT()
        model.version, model.description = 3, "test"
        model.subgraphs, model.operatorCodes, model.buffers = [self._graph], self._codes, self._buffers
        builder = Builder(1024)
        builder.Finish(model.Pack(builder), b"TFL3")
        return bytes(builder.Output())

    def _builtin(self, name: str, inputs: Sequence[int], shape: Sequence[int], options: str = "", **values) -> int:
        """An operator of LiteRT's own, with the options of the schema's table ``options``."""
        code = schema.OperatorCodeT()
        code.builtinCode = code.deprecatedBuiltinCode = getattr(schema.BuiltinOperator, name)
        operator = schema.OperatorT()
        if options:
            operator.builtinOptionsType = getattr(schema.BuiltinOptions, f"{options}Options")
            operator.builtinOptions = getattr(schema, f"{options}OptionsT")()
            for key, value in values.items():
                setattr(operator.builtinOptions, key, value)
        return self._operator(code, operator, inputs, self._tensor(shape, np.float32))

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
