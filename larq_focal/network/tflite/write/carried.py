"""Operators that a graph carries along, written as they stood in the file that they come from."""

from __future__ import annotations

from larq_focal.network import ops
from larq_focal.network.graph import GraphError
from larq_focal.network.tflite.flat_model import Tensor
from larq_focal.network.tflite.flatbuffer import FlatbufferError, FlatModel, read_flatbuffer
from larq_focal.network.tflite.write.emitter import Emitter
from larq_focal.network.tflite.write.operators import write


@write.register
def _(op: ops.Unknown, emitter: Emitter) -> None:
    if op.file is None:
        raise GraphError(f"'{op.name}' cannot be written as TensorFlow Lite: {op.kind} is not understood.")
    key = (op.inputs, op.file.tobytes())
    if key not in emitter.carried:  # several outputs of one operator are an operation each
        emitter.carried[key] = _add(op, emitter)
    model, outputs = emitter.carried[key]
    if op.output >= len(outputs):
        raise GraphError(f"'{op.name}' is output {op.output} of an operator that has {len(outputs)}.")
    emitter.finish_carried(op, outputs[op.output], model.outputs[op.output])


def _add(op: ops.Unknown, emitter: Emitter) -> tuple[FlatModel, list[int]]:
    try:
        model = read_flatbuffer(op.file.tobytes())
    except FlatbufferError as error:
        raise GraphError(f"'{op.name}' ({op.kind}) carries a damaged operator: {error}") from error
    if len(model.operators) != 1 or len(model.graph_inputs) != len(op.inputs):
        raise GraphError(f"'{op.name}' ({op.kind}) carries another operator than one of {len(op.inputs)} inputs.")
    wanted = [model.tensors[index] for index in model.graph_inputs]
    for tensor in (*wanted, *model.outputs):
        if tensor.shape[:1] != (emitter.batch_size,):
            raise GraphError(f"'{op.name}' ({op.kind}) is for {tensor.shape[:1]} samples, not {emitter.batch_size}.")
    operands = [_operand(emitter, name, tensor) for name, tensor in zip(op.inputs, wanted, strict=True)]
    return model, emitter.file.carried(model.content, dict(zip(model.graph_inputs, operands, strict=True)))


def _operand(emitter: Emitter, name: str, tensor: Tensor) -> int:
    """The value ``name`` in a tensor of the type and scale of ``tensor``."""
    if (given := emitter.carried_tensor(name, tensor)) is not None:
        return given
    value, shape = emitter.float_value(name), tensor.shape[1:]
    if tensor.dtype == "float32":
        return value
    if tensor.dtype == "bool":
        return emitter.add("GREATER", value, emitter.constant(0), shape=shape, dtype="bool")
    if tensor.quantization is None:
        return emitter.add("CAST", value, shape=shape, dtype=tensor.dtype)
    output = emitter.file.tensor(f"{name}/{tensor.dtype}", tensor.shape, tensor.dtype, tensor.quantization)
    emitter.file.builtin("QUANTIZE", [value], [output], "QuantizeOptions")
    return output
