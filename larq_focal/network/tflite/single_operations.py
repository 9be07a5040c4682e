"""Cuts a TensorFlow Lite file into files of one operator each, so that they can be run by themselves."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from copy import copy

import flatbuffers
import numpy as np
from ai_edge_litert import schema_py_generated as schema

from larq_focal.network.tflite.flatbuffer import IDENTIFIER, FlatModel, Operator


def single_operations(model: FlatModel) -> Iterator[bytes]:
    """For each operator of ``model``, in order, the content of a file that holds it alone.

    Its inputs are the operator's that are not constants, its outputs the operator's.
    """
    whole = Whole(model)
    for operator in model.operators:
        yield whole.alone(operator)


class Whole:
    """A file, to cut operators from."""

    def __init__(self, model: FlatModel):
        self._model = schema.ModelT.InitFromObj(schema.Model.GetRootAs(model.content))

    def alone(self, described: Operator, folded: Mapping[int, np.ndarray] | None = None) -> bytes:
        """The content of a file that holds one operator.

        Args:
            described: the operator.
            folded: data of operands by the index of their tensors, which become constants.
        """
        graph, folded = self._model.subgraphs[0], folded or {}
        operator = graph.operators[described.index]
        inputs = [tensor.index for tensor in described.inputs if tensor is not None]
        outputs = [tensor.index for tensor in described.outputs]
        used = list(dict.fromkeys([*inputs, *outputs]))
        place = {index: number for number, index in enumerate(used)} | {-1: -1}
        constant = {tensor.index for tensor in described.inputs if tensor is not None and tensor.is_constant}
        constant |= {index for index in inputs if index in folded}

        part = schema.SubGraphT()
        buffers = [schema.BufferT()]  # LiteRT takes number 0 for "no data"
        part.tensors = []
        for index in used:
            tensor = copy(graph.tensors[index])
            tensor.buffer, tensor.isVariable = 0, False
            if index in constant:
                tensor.buffer = len(buffers)
                buffers.append(
                    _buffer(folded[index]) if index in folded else self._model.buffers[graph.tensors[index].buffer]
                )
            part.tensors.append(tensor)
        alone = copy(operator)
        alone.opcodeIndex = 0
        alone.inputs = [place[int(index)] for index in operator.inputs]
        alone.outputs = [place[index] for index in outputs]
        part.operators = [alone]
        part.inputs = [place[index] for index in dict.fromkeys(inputs) if index not in constant]
        part.outputs = alone.outputs

        file = schema.ModelT()
        file.version, file.subgraphs, file.buffers = self._model.version, [part], buffers
        file.operatorCodes = [self._model.operatorCodes[operator.opcodeIndex]]
        builder = flatbuffers.Builder(1024)
        builder.Finish(file.Pack(builder), IDENTIFIER)
        return bytes(builder.Output())


def _buffer(data: np.ndarray):
    buffer = schema.BufferT()
    buffer.data = np.frombuffer(np.ascontiguousarray(data).tobytes(), np.uint8)
    return buffer
