"""Reads a converted network, a TensorFlow Lite file, as a QuantGraph of real numbers.

What a bit, a truth value or an int8 stands for is what the graph computes with: packed bits and truth values are
-1 and +1, and a quantized tensor holds ``(q - zero_point) * scale``. So an int8 network is real-valued operations,
each followed by a ``UniformQuantize``; its fixed-point arithmetic may differ from that by an int8 step or so.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np

from larq_focal.network import ops
from larq_focal.network.builder import GraphBuilder
from larq_focal.network.few_bits import QUANTIZER
from larq_focal.network.graph import GraphError, NotUnderstood, QuantGraph
from larq_focal.network.step_function import Steps, find_steps
from larq_focal.network.tflite.flatbuffer import FlatbufferError, FlatModel, Operator, Tensor, read_flatbuffer
from larq_focal.network.tflite.read.call import Call
from larq_focal.network.tflite.read.carried import Carrier
from larq_focal.network.tflite.read.elementwise import ELEMENTWISE
from larq_focal.network.tflite.read.few_bits import FEW_BITS
from larq_focal.network.tflite.read.functions import FOLDED, FUNCTIONS, ScalarFunction, fold, scalar_function
from larq_focal.network.tflite.read.layers import LAYERS
from larq_focal.network.tflite.read.output_names import graph_of
from larq_focal.network.tflite.read.products import PRODUCTS
from larq_focal.network.tflite.read.rounding import add_rounding, bits_of, has_grid, have_one_scale
from larq_focal.network.tflite.read.shapes import SHAPES
from larq_focal.network.tflite.read.tensor_values import TensorValues
from larq_focal.network.tflite.read.unknown import unknown_macs, unknown_weights

OPERATORS = {**LAYERS, **FEW_BITS, **PRODUCTS, **ELEMENTWISE, **SHAPES}

_CONTRADICTIONS = (KeyError, IndexError, TypeError, ValueError, OverflowError, AttributeError, ZeroDivisionError)


def from_tflite(source: str | Path | bytes | FlatModel) -> QuantGraph:
    """Reads a TensorFlow Lite file, with or without operators of Larq Compute Engine.

    Inputs and outputs stand in the order of the file's signature and have its names (where it has none, in the order
    and with the names of its graph); an output that is an input, or another output too, has the name of that. Every
    other value is named after the tensor that holds it. Where one operator is several operations (a convolution and its
    fused activation, say), one has the tensor's name, the others have it with a suffix; ``origin`` is the tensor's name
    for all. Operators that are not understood become ``ops.Unknown``.

    Args:
        source: path or content of the file, or what ``read_flatbuffer`` made of it.

    Raises:
        FlatbufferError: the file is not a TensorFlow Lite model, is damaged, or contradicts itself.
        OSError: the file cannot be read.
        ImportError: the package ``ai-edge-litert`` is missing.
    """
    model = source if isinstance(source, FlatModel) else read_flatbuffer(source)
    return _FileReader(model).read()


class _FileReader:
    """Reads the operators of a file in turn, each into operations of its builder."""

    def __init__(self, model: FlatModel):
        self._model = model
        self._builder = GraphBuilder()
        self._tensors = TensorValues(model)
        self._carrier = Carrier(model)
        self._scalars: dict[str, ScalarFunction] = {}

    def read(self) -> QuantGraph:
        model = self._model
        for tensor, name in zip(model.inputs, model.input_names, strict=True):
            place = {"shape": tensor.shape[1:], "origin": tensor.name}
            value = self._builder.add(ops.Input, name, bits=bits_of(tensor), has_grid=has_grid(tensor), **place)
            self._hold(tensor, self._rounded(tensor, value))
        for operator in model.operators:
            try:
                self._read_operator(operator)
            except FlatbufferError:
                raise
            except _CONTRADICTIONS as error:
                raise FlatbufferError(
                    f"Operator {operator.index} ({operator.kind}) of '{model.name}' contradicts itself or "
                    f"lacks something ({type(error).__name__}: {error})."
                ) from error
        try:
            outputs = [self._tensors.name_of(tensor) for tensor in model.outputs]
            return graph_of(self._builder, model.name, outputs, model.output_names)
        except NotUnderstood as reason:
            raise FlatbufferError(f"'{model.name}' has an output {reason}.") from reason
        except GraphError as error:
            raise FlatbufferError(f"'{model.name}' contradicts itself: {error}") from error

    def _hold(self, tensor: Tensor, value: str) -> None:
        self._tensors.names[tensor.index] = value

    def _rounded(self, tensor: Tensor, value: str) -> str:
        return add_rounding(self._builder, tensor, value, self._model.name)

    def _read_operator(self, operator: Operator) -> None:
        scalar, start = None, len(self._builder)
        try:
            if self._fold(operator):
                return
            scalar = self._scalar_function(operator)
            steps = find_steps(scalar.function) if scalar is not None and scalar.has_steps else None
            if steps is None:
                values = self._understood(operator)
            else:
                values = (self._quantizer(operator, scalar.root, steps),)
                scalar = scalar.as_table(steps)
        except NotUnderstood as reason:
            self._builder.truncate(start)
            values = self._unknown(operator, f"{operator.kind} {reason}".strip())
        sources = tuple(_source(t) for t in operator.inputs if t is not None and self._tensors.is_fixed(t))
        if sources:
            self._builder.share((operator.kind, *sources), start)
        for tensor, name in zip(operator.outputs, values, strict=True):
            self._hold(tensor, name)
        if scalar is not None:
            self._scalars[values[0]] = scalar

    def _fold(self, operator: Operator) -> bool:
        """Computes an operator whose operands are all constant (larger kernels than a converter cares to fold)."""
        if operator.kind not in FOLDED or any(t is None or t.index in self._tensors.names for t in operator.inputs):
            return False
        operands = [self._tensors.constant(tensor) for tensor in operator.inputs]
        if not operands or any(operand is None for operand in operands):
            return False
        (output,) = operator.outputs
        self._tensors.folded[output.index] = fold(operator, operands)
        return True

    def _understood(self, operator: Operator) -> tuple[str, ...]:
        if operator.kind not in OPERATORS:
            raise NotUnderstood
        call = Call(self._builder, self._tensors, operator)
        result = OPERATORS[operator.kind](call)
        values = result if isinstance(result, tuple) else (call.activated(result),)
        tensors = [*self._tensors.computed(operator.inputs), *operator.outputs]
        if operator.kind == QUANTIZER or (self._builder[values[0]].moves_elements and have_one_scale(tensors)):
            return values  # of integers that are rounded already
        return tuple(self._rounded(tensor, name) for tensor, name in zip(operator.outputs, values, strict=True))

    def _unknown(self, operator: Operator, kind: str) -> tuple[str, ...]:
        computed = dict.fromkeys(tensor.index for tensor in self._tensors.computed(operator.inputs))
        sources = {index: self._tensors.name_of(self._model.tensors[index]) for index in computed}
        shapes = {index: self._builder[name].shape for index, name in sources.items()}
        file = self._carrier.file(operator, shapes, self._tensors.folded)
        weights, macs = unknown_weights(operator), unknown_macs(operator)
        names = []
        for output, tensor in enumerate(operator.outputs):  # the first output stands for the whole operator
            place = {"inputs": tuple(sources.values()), "shape": tensor.shape[1:], "origin": tensor.name}
            fields = {"kind": kind, "weights": weights, "macs_by_bits": macs, "file": file, "output": output}
            names.append(self._builder.add(ops.Unknown, tensor.name, **fields, **place))
            weights, macs = weights and (), macs and ()
        return tuple(names)

    def _scalar_function(self, operator: Operator) -> ScalarFunction | None:
        """The output as one function of an earlier value, element by element, if it is that."""
        tensors = (*operator.inputs, *operator.outputs)
        if operator.kind not in FUNCTIONS or any(t is None or t.quantization is not None for t in tensors):
            return None
        operands = []
        for tensor in operator.inputs:
            operand = self._tensors.constant(tensor)
            if operand is None:
                name = self._tensors.name_of(tensor)
                operand = self._scalars.get(name, ScalarFunction(name))
            operands.append(operand)
        return scalar_function(operator, operands)

    def _quantizer(self, operator: Operator, root: str, steps: Steps) -> str:
        """One quantizer in place of the operator and those before it, which round and take few values."""
        levels, boundaries = steps
        name = operator.outputs[0].name
        place = {"inputs": (root,), "shape": self._builder.shape(root), "origin": name}
        if np.array_equal(levels, [-1, 1]):
            return self._builder.add(ops.Binarize, name, threshold=boundaries[0], **place)
        return self._builder.add(ops.Quantize, name, levels=levels, boundaries=boundaries, **place)


def _source(tensor: Tensor) -> tuple[str, int]:
    """What tells constants apart: their place in the file, or the operator that they are computed by."""
    return ("buffer", tensor.buffer) if tensor.is_constant else ("tensor", tensor.index)
