"""Cuts a TensorFlow Lite file into files of one operator each, so that they can be run by themselves."""

from __future__ import annotations

from collections.abc import Iterator
from copy import copy

import flatbuffers
from ai_edge_litert import schema_py_generated as schema

from larq_focal.network.tflite.flatbuffer import IDENTIFIER, FlatModel


def single_operations(model: FlatModel) -> Iterator[bytes]:
    """For each operator of ``model``, in order, the content of a file that holds it alone.

    Its inputs are the operator's that are not constants, its outputs the operator's.
    """
    whole = schema.ModelT.InitFromObj(schema.Model.GetRootAs(model.content))
    graph = whole.subgraphs[0]
    for operator, described in zip(graph.operators, model.operators, strict=True):
        inputs = [tensor.index for tensor in described.inputs if tensor is not None]
        outputs = [tensor.index for tensor in described.outputs]
        used = list(dict.fromkeys([*inputs, *outputs]))
        place = {index: number for number, index in enumerate(used)} | {-1: -1}
        constant = {tensor.index for tensor in described.inputs if tensor is not None and tensor.is_constant}

        part = schema.SubGraphT()
        buffers = [schema.BufferT()]  # LiteRT takes number 0 for "no data"
        part.tensors = []
        for index in used:
            tensor = copy(graph.tensors[index])
            tensor.buffer, tensor.isVariable = 0, False
            if index in constant:
                tensor.buffer = len(buffers)
                buffers.append(whole.buffers[graph.tensors[index].buffer])
            part.tensors.append(tensor)
        alone = copy(operator)
        alone.opcodeIndex = 0
        alone.inputs = [place[int(index)] for index in operator.inputs]
        alone.outputs = [place[index] for index in outputs]
        part.operators = [alone]
        part.inputs = [place[index] for index in dict.fromkeys(inputs) if index not in constant]
        part.outputs = alone.outputs

        file = schema.ModelT()
        file.version, file.subgraphs, file.buffers = whole.version, [part], buffers
        file.operatorCodes = [whole.operatorCodes[operator.opcodeIndex]]
        builder = flatbuffers.Builder(1024)
        builder.Finish(file.Pack(builder), IDENTIFIER)
        yield bytes(builder.Output())
