"""TensorFlow Lite files written by hand, without TensorFlow."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import flatbuffers
import numpy as np
from ai_edge_litert import schema_py_generated as schema
from flatbuffers import flexbuffers


@dataclass
class TensorSpec:
    """A tensor by name; ``data`` makes it a constant, ``scale`` a quantized one: one number, or one along ``axis``."""

    shape: tuple[int, ...]
    dtype: str = "float32"
    data: np.ndarray | None = None
    scale: float | list[float] | None = None
    zero_point: int | list[int] = 0
    axis: int = 0


@dataclass
class CallSpec:
    """A builtin operator ("RELU", with the name and fields of its options) or a custom one (a map, or bytes)."""

    kind: str
    inputs: list[str]
    outputs: list[str]
    options_type: str = ""
    options: dict[str, Any] | bytes = field(default_factory=dict)


def tflite(
    tensors: dict[str, TensorSpec],
    calls: list[CallSpec],
    inputs: list[str],
    outputs: list[str],
    signature: tuple[dict[str, str], dict[str, str]] | None = None,
) -> bytes:
    """The content of a file of one graph; ``signature`` has the tensors by the names of inputs and of outputs."""
    index = {name: number for number, name in enumerate(tensors)}
    model, graph = schema.ModelT(), schema.SubGraphT()
    model.version, model.subgraphs, model.buffers, model.operatorCodes = 3, [graph], [schema.BufferT()], []
    graph.tensors = [_tensor(name, spec, model.buffers) for name, spec in tensors.items()]
    graph.operators = [_operator(call, index, model.operatorCodes) for call in calls]
    graph.inputs, graph.outputs = [index[name] for name in inputs], [index[name] for name in outputs]
    if signature is not None:
        described = schema.SignatureDefT()
        described.signatureKey = b"serving_default"
        described.inputs, described.outputs = ([_entry(*item, index) for item in ends.items()] for ends in signature)
        model.signatureDefs = [described]
    builder = flatbuffers.Builder(1024)
    builder.Finish(model.Pack(builder), file_identifier=b"TFL3")
    return bytes(builder.Output())


def _entry(name: str, tensor: str, index: dict[str, int]) -> schema.TensorMapT:
    entry = schema.TensorMapT()
    entry.name, entry.tensorIndex = name.encode(), index[tensor]
    return entry


def _tensor(name: str, spec: TensorSpec, buffers: list) -> schema.TensorT:
    tensor = schema.TensorT()
    tensor.name, tensor.shape = name.encode(), list(spec.shape)
    tensor.type = getattr(schema.TensorType, spec.dtype.upper())
    if spec.data is not None:
        buffer = schema.BufferT()
        buffer.data = np.frombuffer(np.ascontiguousarray(spec.data).tobytes(), np.uint8)
        tensor.buffer = len(buffers)
        buffers.append(buffer)
    if spec.scale is not None:
        tensor.quantization = schema.QuantizationParametersT()
        tensor.quantization.scale = np.ravel(spec.scale).tolist()
        tensor.quantization.zeroPoint = np.ravel(spec.zero_point).tolist()
        tensor.quantization.quantizedDimension = spec.axis
    return tensor


def _operator(call: CallSpec, index: dict[str, int], codes: list) -> schema.OperatorT:
    operator, code = schema.OperatorT(), schema.OperatorCodeT()
    operator.opcodeIndex, operator.inputs = len(codes), [index.get(name, -1) for name in call.inputs]
    operator.outputs = [index[name] for name in call.outputs]
    codes.append(code)
    builtin = getattr(schema.BuiltinOperator, call.kind, None)
    if builtin is None:
        code.builtinCode, code.customCode = schema.BuiltinOperator.CUSTOM, call.kind.encode()
        data = call.options if isinstance(call.options, bytes) else flexbuffers.Dumps(call.options)
        operator.customOptions = np.frombuffer(data, np.uint8)
    else:
        code.builtinCode, code.deprecatedBuiltinCode = builtin, min(builtin, 127)
    if call.options_type:
        operator.builtinOptionsType = getattr(schema.BuiltinOptions, call.options_type)
        operator.builtinOptions = getattr(schema, f"{call.options_type}T")()
        for name, value in call.options.items():
            setattr(operator.builtinOptions, name, value)
    return operator


def relu_network(shape: tuple[int, ...] = (1, 4), dtype: str = "float32", scale: float | None = None) -> bytes:
    """The smallest network that does something."""
    tensor = TensorSpec(shape, dtype, scale=scale)
    return tflite({"x": tensor, "y": tensor}, [CallSpec("RELU", ["x"], ["y"])], ["x"], ["y"])


def dense_network() -> bytes:
    """Two inputs of 3 numbers; the first times a 2x3 matrix, and their sum."""
    weights = np.array([[1, 2, 3], [-1, 0, 1]], np.float32)
    return tflite(
        {
            "a": TensorSpec((1, 3)),
            "b": TensorSpec((1, 3)),
            "weights": TensorSpec((2, 3), data=weights),
            "product": TensorSpec((1, 2)),
            "sum": TensorSpec((1, 3)),
        },
        [
            CallSpec("FULLY_CONNECTED", ["a", "weights", ""], ["product"], "FullyConnectedOptions"),
            CallSpec("ADD", ["a", "b"], ["sum"], "AddOptions", {"fusedActivationFunction": 1}),
        ],
        ["a", "b"],
        ["product", "sum"],
    )
