"""Operators of TensorFlow Lite files that a graph carries along as they are, each a file of its own: how they compute.

The values of a graph are float32. What an operator takes and gives otherwise stands for such: integers with a scale for
``(q - zero_point) * scale``, truth for +1 and falsehood for -1, other integers for themselves.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from larq_focal.network.graph import GraphError

if TYPE_CHECKING:
    from larq_focal.network.ops import Unknown


def compute_carried(op: Unknown, inputs: tuple[np.ndarray, ...]) -> np.ndarray:
    """Runs the operator by LiteRT, on as many samples at a time as its file takes.

    Args:
        op: with a file.
        inputs: float32 ``[N, *shape]``.

    Raises:
        GraphError: the file is damaged, or LiteRT cannot run it.
        ImportError: LiteRT is missing.
    """
    from ai_edge_litert.interpreter import Interpreter

    from larq_focal.network.tflite.flatbuffer import FlatbufferError, read_flatbuffer
    from larq_focal.network.tflite.soundness import check_sound

    try:
        model = read_flatbuffer(op.file.tobytes())
        check_sound(model)
        interpreter = Interpreter(model_content=model.content, num_threads=1)
        interpreter.allocate_tensors()
    except (FlatbufferError, ValueError, RuntimeError) as error:
        raise GraphError(f"'{op.name}' ({op.kind}) cannot be computed by LiteRT: {error}") from error
    wanted, given = interpreter.get_input_details(), interpreter.get_output_details()[op.output]
    if len(wanted) != len(inputs):
        raise GraphError(f"'{op.name}' ({op.kind}) takes {len(wanted)} values, not {len(inputs)}.")
    size, count = int(wanted[0]["shape"][0]), len(inputs[0])
    pieces = [np.zeros((0, *op.shape), np.float32)]
    for start in range(0, count, size):
        index = np.minimum(np.arange(start, start + size), count - 1)  # the last piece is filled up
        for details, values in zip(wanted, inputs, strict=True):
            interpreter.set_tensor(details["index"], _as_tensor(values[index], details))
        interpreter.invoke()
        output = _as_values(interpreter.get_tensor(given["index"]), given)
        pieces.append(output[: count - start])
    return np.concatenate(pieces)


def _as_tensor(values: np.ndarray, details: dict) -> np.ndarray:
    dtype, (scale, zero_point) = np.dtype(details["dtype"]), details["quantization"]
    if dtype.kind == "b":
        return values > 0
    if dtype.kind == "f":
        return values.astype(dtype)
    limits = np.iinfo(dtype)
    steps = values / np.float32(scale) + zero_point if scale else values
    return np.clip(np.rint(steps) if scale else np.trunc(steps), limits.min, limits.max).astype(dtype)


def _as_values(tensor: np.ndarray, details: dict) -> np.ndarray:
    scale, zero_point = details["quantization"]
    if tensor.dtype.kind == "b":
        return np.where(tensor, np.float32(1), np.float32(-1))
    values = tensor.astype(np.float32)
    return (values - zero_point) * np.float32(scale) if scale else values
