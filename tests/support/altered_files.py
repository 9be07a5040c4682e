"""TensorFlow Lite files with something in them altered, by a seed: what an engine must refuse or survive."""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from copy import deepcopy
from typing import Any

import flatbuffers
import numpy as np
from ai_edge_litert import schema_py_generated as schema

_NUMBERS = (-(2**31), -2, -1, 0, 1, 2, 3, 7, 127, 255, 65536, 2**31 - 1)
_SIZES = (0, 1, 2, 3, 5, 31, 64, 1000, 65536)
_TYPES = [value for value in vars(schema.TensorType).values() if isinstance(value, int)]
_KINDS = [value for value in vars(schema.BuiltinOperator).values() if isinstance(value, int)]


def altered(content: bytes, seed: int) -> bytes:
    """The file with one to three alterations, the same for the same seed."""
    choice = random.Random(seed)
    model = schema.ModelT.InitFromObj(schema.Model.GetRootAs(content))
    for _ in range(choice.choice((1, 1, 1, 2, 3))):
        choice.choice(ALTERATIONS)(model, choice)
    builder = flatbuffers.Builder(len(content))
    builder.Finish(model.Pack(builder), file_identifier=b"TFL3")
    return bytes(builder.Output())


def _graph(model: Any) -> Any:
    return model.subgraphs[0]


def _alter_operands(model: Any, choice: random.Random) -> None:
    operator = choice.choice(_graph(model).operators)
    name = choice.choice(("inputs", "inputs", "inputs", "outputs"))
    indices = [int(index) for index in getattr(operator, name)]
    setattr(operator, name, _altered_list(indices, len(_graph(model).tensors), choice))


def _alter_ends(model: Any, choice: random.Random) -> None:
    name = choice.choice(("inputs", "outputs"))
    indices = [int(index) for index in getattr(_graph(model), name)]
    setattr(_graph(model), name, _altered_list(indices, len(_graph(model).tensors), choice))


def _altered_list(indices: list[int], tensors: int, choice: random.Random) -> list[int]:
    place = choice.randrange(len(indices)) if indices else 0
    kind = choice.choice(("leave out", "leave out", "drop", "cut", "replace", "repeat", "swap", "empty"))
    if kind == "empty" or not indices:
        return []
    if kind == "leave out":
        return [-1 if i == place else index for i, index in enumerate(indices)]
    if kind == "drop":
        return indices[:place] + indices[place + 1 :]
    if kind == "cut":
        return indices[:place]
    if kind == "replace":
        return [choice.randrange(tensors) if i == place else index for i, index in enumerate(indices)]
    if kind == "repeat":
        return [*indices, indices[place]]
    other = choice.randrange(len(indices))
    indices[place], indices[other] = indices[other], indices[place]
    return indices


def _alter_shape(model: Any, choice: random.Random) -> None:
    tensor = choice.choice(_graph(model).tensors)
    shape = [] if tensor.shape is None else [int(size) for size in tensor.shape]
    kind = choice.choice(("size", "size", "size", "drop", "add", "scalar"))
    if kind == "scalar" or not shape:
        shape = []
    elif kind == "size":
        shape[choice.randrange(len(shape))] = choice.choice(_SIZES)
    elif kind == "drop":
        shape.pop(choice.randrange(len(shape)))
    else:
        shape.insert(choice.randrange(len(shape) + 1), choice.choice(_SIZES))
    tensor.shape = shape
    if choice.random() < 0.5 and (buffer := model.buffers[tensor.buffer]).data is not None:  # data of the new size
        size = int(np.prod(shape)) * 4
        buffer.data = np.resize(np.asarray(buffer.data, np.uint8), min(size, 1 << 20))


def _alter_type(model: Any, choice: random.Random) -> None:
    choice.choice(_graph(model).tensors).type = choice.choice(_TYPES)


def _alter_buffer(model: Any, choice: random.Random) -> None:
    tensor = choice.choice(_graph(model).tensors)
    kind = choice.choice(("none", "other", "random"))
    if kind == "none":
        tensor.buffer = 0
    elif kind == "other":
        tensor.buffer = choice.randrange(len(model.buffers))
    elif model.buffers[tensor.buffer].data is not None:
        size = len(model.buffers[tensor.buffer].data)
        model.buffers[tensor.buffer].data = np.frombuffer(choice.randbytes(size), np.uint8)


def _alter_options(model: Any, choice: random.Random) -> None:
    operator = choice.choice(_graph(model).operators)
    if operator.customOptions is not None and len(operator.customOptions):
        options = bytearray(bytes(operator.customOptions))
        for _ in range(choice.randint(1, 3)):
            options[choice.randrange(len(options))] = choice.choice((0, 1, 2, 127, 128, 255, choice.randrange(256)))
        operator.customOptions = np.frombuffer(bytes(options[: choice.choice((None, None, None, 0, 9))]), np.uint8)
    elif operator.builtinOptions is None or choice.random() < 0.2:
        operator.builtinOptions, operator.builtinOptionsType = None, 0
    else:
        fields = [name for name, value in vars(operator.builtinOptions).items() if isinstance(value, int)]
        if fields:
            setattr(operator.builtinOptions, name := choice.choice(fields), _number(operator, name, choice))


def _number(operator: Any, name: str, choice: random.Random) -> Any:
    value = getattr(operator.builtinOptions, name)
    if isinstance(value, bool):
        return not value
    number = choice.choice(_NUMBERS)
    is_byte = any(part in name.lower() for part in ("padding", "activation", "type", "format", "mode"))
    return number % 128 if is_byte else number


def _alter_code(model: Any, choice: random.Random) -> None:
    code = choice.choice(model.operatorCodes)
    kind = choice.choice(("builtin", "builtin", "version", "swap"))
    if kind == "version":
        code.version = choice.choice((0, 1, 2, 5, 99))
    elif kind == "builtin":
        code.builtinCode = choice.choice(_KINDS)
        code.deprecatedBuiltinCode = min(code.builtinCode, 127)
    else:
        choice.choice(_graph(model).operators).opcodeIndex = choice.randrange(len(model.operatorCodes))


def _alter_quantization(model: Any, choice: random.Random) -> None:
    tensor = choice.choice(_graph(model).tensors)
    kind = choice.choice(("none", "one", "many", "other", "axis"))
    if kind == "none":
        tensor.quantization = None
    elif kind == "other":
        tensor.quantization = deepcopy(choice.choice(_graph(model).tensors).quantization)
    elif kind == "axis" and tensor.quantization is not None:
        tensor.quantization.quantizedDimension = choice.choice((-1, 0, 1, 2, 3, 9))
    else:
        count = 1 if kind == "one" or not len(tensor.shape) else max(1, int(choice.choice(list(tensor.shape))))
        quantization = tensor.quantization = schema.QuantizationParametersT()
        quantization.scale = [choice.choice((0.0, -1.0, 1e-30, 0.5, 1.0, 1e30)) for _ in range(min(count, 4096))]
        quantization.zeroPoint = [choice.choice((0, -128, 3, 2**40)) for _ in quantization.scale]
        quantization.quantizedDimension = choice.randrange(4)


def _alter_order(model: Any, choice: random.Random) -> None:
    operators = _graph(model).operators
    kind = choice.choice(("drop", "repeat", "swap"))
    place = choice.randrange(len(operators))
    if kind == "drop" and len(operators) > 1:
        operators.pop(place)
    elif kind == "repeat":
        operators.insert(place, deepcopy(operators[place]))
    else:
        other = choice.randrange(len(operators))
        operators[place], operators[other] = operators[other], operators[place]


def _alter_flags(model: Any, choice: random.Random) -> None:
    tensor = choice.choice(_graph(model).tensors)
    kind = choice.choice(("variable", "name", "signature"))
    if kind == "variable":
        tensor.isVariable = not tensor.isVariable
    elif kind == "name":
        tensor.name = choice.choice((None, b"", b"\xff", b"x" * 5000))
    elif model.signatureDefs:
        signature = choice.choice(model.signatureDefs)
        entry = choice.choice([*signature.inputs, *signature.outputs])
        entry.tensorIndex = choice.randrange(len(_graph(model).tensors))


ALTERATIONS: Sequence[Callable[[Any, random.Random], None]] = (
    *([_alter_operands] * 4),
    *([_alter_options] * 4),
    *([_alter_shape] * 3),
    _alter_type,
    _alter_buffer,
    _alter_code,
    _alter_quantization,
    _alter_ends,
    _alter_order,
    _alter_flags,
)
