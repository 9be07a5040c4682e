"""Reads a converted network, a TensorFlow Lite file, as a QuantGraph of real numbers.

What a bit, a truth value or an int8 stands for is what the graph computes with: packed bits and truth values are
-1 and +1, and a quantized tensor holds ``(q - zero_point) * scale``. So an int8 network is real-valued operations,
each followed by a ``UniformQuantize``; its fixed-point arithmetic may differ from that by an int8 step or so.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np

from larq_focal.network import ops
from larq_focal.network.graph import GraphError, NotUnderstood, QuantGraph
from larq_focal.network.kernel import FLOAT_BITS
from larq_focal.network.shared_arrays import SharedArrays
from larq_focal.network.step_function import find_steps
from larq_focal.network.tflite.flatbuffer import FlatbufferError, FlatModel, Operator, Tensor, read_flatbuffer
from larq_focal.network.tflite.read.builder import TfliteBuilder
from larq_focal.network.tflite.read.call import Call
from larq_focal.network.tflite.read.constants import along_axis, per_channel
from larq_focal.network.tflite.read.elementwise import ELEMENTWISE
from larq_focal.network.tflite.read.functions import FOLDED, FUNCTIONS, ScalarFunction, fold, scalar_function
from larq_focal.network.tflite.read.layers import LAYERS
from larq_focal.network.tflite.read.products import PRODUCTS
from larq_focal.network.tflite.read.shapes import SHAPES
from larq_focal.network.tflite.read.unknown import unknown_macs, unknown_weights
from larq_focal.network.tflite.signature import unique

OPERATORS = {**LAYERS, **PRODUCTS, **ELEMENTWISE, **SHAPES}

_INTEGER_BITS = {"int8": (8, True), "uint8": (8, False), "int16": (16, True)}
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
    return GraphReader(model).read()


class GraphReader:
    """Reads the operators of a file in turn, each into operations of its builder."""

    def __init__(self, model: FlatModel):
        self.model = model
        self.builder = TfliteBuilder(model)
        self._scalars: dict[str, ScalarFunction] = {}
        self._shared = SharedArrays()
        for tensor, name in zip(model.inputs, model.input_names, strict=True):
            self._read_input(tensor, name)

    def read(self) -> QuantGraph:
        for operator in self.model.operators:
            try:
                self._read_operator(operator)
            except FlatbufferError:
                raise
            except _CONTRADICTIONS as error:
                raise FlatbufferError(
                    f"Operator {operator.index} ({operator.kind}) of '{self.model.name}' contradicts itself or "
                    f"lacks something ({type(error).__name__}: {error})."
                ) from error
        try:
            outputs = [self.builder.name_of(tensor) for tensor in self.model.outputs]
            renamed = self._output_names(outputs)
            needed = [
                replace(op, name=renamed.get(op.name, op.name), inputs=tuple(renamed.get(i, i) for i in op.inputs))
                for op in self._needed(outputs)
            ]
            return QuantGraph(self.model.name, needed, [renamed.get(name, name) for name in outputs])
        except NotUnderstood as reason:
            raise FlatbufferError(f"'{self.model.name}' has an output {reason}.") from reason
        except GraphError as error:
            raise FlatbufferError(f"'{self.model.name}' contradicts itself: {error}") from error

    def _read_input(self, tensor: Tensor, name: str) -> None:
        bits = _INTEGER_BITS.get(tensor.dtype, (FLOAT_BITS, True))[0]
        name = self.builder.emit(ops.Input, name, shape=tensor.shape[1:], bits=bits, origin=tensor.name)
        self.builder.names[tensor.index] = self._quantized(tensor, name)

    def _quantized(self, tensor: Tensor, name: str) -> str:
        """The value ``name`` rounded to what ``tensor`` can hold."""
        if tensor.quantization is None or tensor.dtype not in _INTEGER_BITS:
            return name
        bits, signed = _INTEGER_BITS[tensor.dtype]
        scale, zero_point = tensor.quantization.scale, tensor.quantization.zero_point
        if scale.min() <= 0:
            raise FlatbufferError(f"'{tensor.name}' of '{self.model.name}' needs positive scales, not {scale}.")
        place = {"shape": self.builder.ops[name].shape, "origin": tensor.name, "bits": bits, "signed": signed}
        called = f"{tensor.name}/quantize"
        if len(scale) == 1:
            codes = {"scale": float(scale[0]), "zero_point": int(zero_point[0])}
            return self.builder.emit(ops.UniformQuantize, called, inputs=(name,), **codes, **place)
        return self._quantized_along_axis(tensor, name, called, place)

    def _quantized_along_axis(self, tensor: Tensor, name: str, called: str, place: dict) -> str:
        """The value in steps of 1, rounded, and back: each element along the axis has a scale of its own."""
        if tensor.quantization.axis == 0:
            raise FlatbufferError(f"'{tensor.name}' of '{self.model.name}' has a scale for each sample.")
        shape = self.builder.ops[name].shape
        parameters = tensor.quantization.scale, tensor.quantization.zero_point
        scale, zero_point = (per_channel(along_axis(tensor, values), shape) for values in parameters)
        where = {"shape": shape, "origin": tensor.name}
        steps = {"mean": -zero_point * scale, "scale": 1 / scale, "bias": np.zeros_like(scale)}
        back = {"mean": zero_point, "scale": scale, "bias": np.zeros_like(scale)}
        name = self.builder.emit(ops.Affine, f"{tensor.name}/steps", inputs=(name,), **steps, **where)
        name = self.builder.emit(ops.UniformQuantize, called, inputs=(name,), scale=1.0, zero_point=0, **place)
        return self.builder.emit(ops.Affine, f"{tensor.name}/real", inputs=(name,), **back, **where)

    def _read_operator(self, operator: Operator) -> None:
        scalar, start = None, len(self.builder.ops)
        try:
            if self._fold(operator):
                return
            scalar = self._scalar_function(operator)
            values = self._as_quantizer(operator, scalar) or self._understood(operator)
        except NotUnderstood as reason:
            values = self._unknown(operator, f"{operator.kind} {reason}".strip())
        sources = tuple(_source(t) for t in operator.inputs if t is not None and self.builder.is_fixed(t))
        if sources:
            self._shared.unify((operator.kind, *sources), self.builder.ops, start)
        for tensor, name in zip(operator.outputs, values, strict=True):
            self.builder.names[tensor.index] = name
        if scalar is not None:
            self._scalars[values[0]] = scalar

    def _fold(self, operator: Operator) -> bool:
        """Computes an operator whose operands are all constant (larger kernels than a converter cares to fold)."""
        if operator.kind not in FOLDED or any(t is None or t.index in self.builder.names for t in operator.inputs):
            return False
        operands = [self.builder.constant(tensor) for tensor in operator.inputs]
        if not operands or any(operand is None for operand in operands):
            return False
        (output,) = operator.outputs
        self.builder.folded[output.index] = fold(operator, operands)
        return True

    def _understood(self, operator: Operator) -> tuple[str, ...]:
        if operator.kind not in OPERATORS:
            raise NotUnderstood
        call = Call(self.builder, operator)
        result = OPERATORS[operator.kind](call)
        values = result if isinstance(result, tuple) else (call.activated(result),)
        if self._moves_codes(operator, values[0]):
            return values
        return tuple(self._quantized(tensor, name) for tensor, name in zip(operator.outputs, values, strict=True))

    def _moves_codes(self, operator: Operator, name: str) -> bool:
        """Whether the output is rounded already: an operator that moves or selects integers of one scale."""
        tensors = [*self.builder.computed(operator.inputs), *operator.outputs]
        scales = {t.quantization and (*t.quantization.scale, *t.quantization.zero_point) for t in tensors}
        return self.builder.ops[name].moves_elements and len(scales) == 1

    def _unknown(self, operator: Operator, kind: str) -> tuple[str, ...]:
        inputs = tuple(map(self.builder.name_of, self.builder.computed(operator.inputs)))
        weights, macs = unknown_weights(operator), unknown_macs(operator)
        names = []
        for tensor in operator.outputs:  # the first output stands for the whole operator
            place = {"inputs": inputs, "shape": tensor.shape[1:], "origin": tensor.name}
            fields = {"kind": kind, "weights": weights, "macs_by_bits": macs}
            names.append(self.builder.emit(ops.Unknown, tensor.name, **fields, **place))
            weights, macs = weights and (), macs and ()
        return tuple(names)

    def _scalar_function(self, operator: Operator) -> ScalarFunction | None:
        """The output as one function of an earlier value, element by element, if it is that."""
        tensors = (*operator.inputs, *operator.outputs)
        if operator.kind not in FUNCTIONS or any(t is None or t.quantization is not None for t in tensors):
            return None
        operands = []
        for tensor in operator.inputs:
            operand = self.builder.constant(tensor)
            if operand is None:
                name = self.builder.name_of(tensor)
                operand = self._scalars.get(name, ScalarFunction(name))
            operands.append(operand)
        return scalar_function(operator, operands)

    def _as_quantizer(self, operator: Operator, scalar: ScalarFunction | None) -> tuple[str] | None:
        """One quantizer in place of the operator and those before it, where they round and take few values."""
        steps = find_steps(scalar.function) if scalar is not None and scalar.has_steps else None
        if steps is None:
            return None
        levels, boundaries = steps
        name, root = operator.outputs[0].name, scalar.root
        place = {"inputs": (root,), "shape": self.builder.ops[root].shape, "origin": name}
        if np.array_equal(levels, [-1, 1]):
            return (self.builder.emit(ops.Binarize, name, threshold=boundaries[0], **place),)
        return (self.builder.emit(ops.Quantize, name, levels=levels, boundaries=boundaries, **place),)

    def _output_names(self, outputs: list[str]) -> dict[str, str]:
        """New names by old ones: outputs get theirs, and what had one of these before (a step on the way) another."""
        renamed: dict[str, str] = {}
        for value, name in zip(outputs, self.model.output_names, strict=True):
            if value != name and value not in renamed and not isinstance(self.builder.ops[value], ops.Input):
                renamed[value] = name
        taken = {*self.builder.ops, *renamed.values()}
        for name in sorted(set(renamed.values()) & self.builder.ops.keys() - renamed.keys()):
            (other,) = unique([*taken, f"{name}/{type(self.builder.ops[name]).__name__.lower()}"])[-1:]
            renamed[name] = other
            taken.add(other)
        return renamed

    def _needed(self, outputs: list[str]) -> list[ops.Op]:
        """The inputs and what the outputs depend on."""
        needed = set(outputs)
        for op in reversed(self.builder.ops.values()):
            if op.name in needed:
                needed.update(op.inputs)
        return [op for op in self.builder.ops.values() if op.name in needed or isinstance(op, ops.Input)]


def _source(tensor: Tensor) -> tuple[str, int]:
    """What tells constants apart: their place in the file, or the operator that they are computed by."""
    return ("buffer", tensor.buffer) if tensor.is_constant else ("tensor", tensor.index)
