"""What is not binary in 8-bit integers: which operations compute in them, and the graph with their roundings.

An operation of integers is one of real numbers followed by ``UniformQuantize``, as it is read from a file; so the
interpreter computes what the file computes, and the writer finds the operators.

Source: LiteRT's specification of 8-bit quantization, https://ai.google.dev/edge/litert/models/quantization_spec.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import numpy as np

from larq_focal.network import ops
from larq_focal.network.few_bits import is_exact_in_few_bits
from larq_focal.network.graph import QuantGraph
from larq_focal.network.int8 import Grid, bias_for_signs, quantized_bias, quantized_kernel, takes_integers
from larq_focal.network.kernel import Kernel
from larq_focal.network.passes.packable import gives_signs, is_packable
from larq_focal.network.passes.uses import NewNames, Uses
from larq_focal.network.rewired import rewired

_FUSED = ("relu", "relu6", "relu_n1_to_1")
_TAKE_ACTIVATION = (ops.Conv2D, ops.Dense, ops.Affine, ops.Add, ops.Multiply)
_MANY_WEIGHTS = 512


@dataclass(frozen=True)
class IntegerRest:
    """What is computed in integers.

    Args:
        computed: names of the operations.
        rounded: for each value that is rounded, by its name, the group of values that share a grid.
        numbers: numbers that a group must hold beside its values, which are padded.
    """

    computed: frozenset[str]
    rounded: Mapping[str, str]
    numbers: Mapping[str, tuple[float, ...]]


def integer_rest(graph: QuantGraph, *, packs: bool = True) -> IntegerRest:
    """Finds what of a lowered graph is computed in integers.

    That are layers that are not packed, nor exact in few bits, and have an operator of int8, and what lies between
    them: poolings, sums, products, concatenations, normalisations and moves, where that saves a conversion. A layer of
    few weights amid floats, which would be converted to and fro, stays float. So does a sum with the result of a packed
    layer, which adds it by itself, and so do softmax, sigmoid and tanh.

    Args:
        graph: as the passes give it.
        packs: whether there are packed layers of few bits at all.
    """
    return _Search(graph, packs).result()


class _Search:
    def __init__(self, graph: QuantGraph, packs: bool):
        self.graph = graph
        self.uses = Uses(graph)
        self.packs = packs
        self.layers = {op.name for op in graph.layers if not self._is_packed(op) and takes_integers(op)}
        self.computed = {name for name in self.layers if self._is_worth_it(graph[name])}
        self._include_activations()

    def result(self) -> IntegerRest:
        while new := {op.name for op in self.graph if op.name not in self.computed and self._follows(op)}:
            self.computed |= new
            self._include_activations()
        groups = _Groups()
        numbers: dict[str, list[float]] = {}
        for op in self.graph:
            if op.name in self.computed:
                value = result_of(self.graph, self.uses, op).name
                if op.moves_elements or isinstance(op, ops.Pool2D) or _is_relu(op):
                    groups.join([value, *op.inputs])
                if isinstance(op, ops.Pad):
                    numbers.setdefault(value, []).append(op.value)
        rounded = {name: groups.of(name) for name in self._rounded()}
        by_group: dict[str, tuple[float, ...]] = {}
        for name, values in numbers.items():
            by_group[groups.of(name)] = (*by_group.get(groups.of(name), ()), *values)
        return IntegerRest(frozenset(self.computed), rounded, by_group)

    def _include_activations(self) -> None:
        """Activations that operators apply to their result."""
        for name in tuple(self.computed):
            self.computed.add(result_of(self.graph, self.uses, self.graph[name]).name)

    def _is_worth_it(self, layer: ops.Linear) -> bool:
        """Whether it is worth converting what a layer reads and gives."""
        return layer.kernel.size >= _MANY_WEIGHTS or isinstance(self.graph[layer.inputs[0]], ops.Input)

    def _follows(self, op: ops.Op) -> bool:
        value = result_of(self.graph, self.uses, op)
        inputs = [name in self.computed for name in op.inputs]
        readers = {reader.name for reader in self.uses.of(value)}
        is_wanted = bool(readers) and value.name not in self.graph.outputs and readers <= self.computed
        if isinstance(op, ops.Linear):
            return op.name in self.layers and (any(inputs) or is_wanted)
        match op:
            case ops.GlobalPool() | ops.Pool2D(kind="average"):
                return any(inputs)  # of floats, fewer are rounded behind it
            case ops.Pool2D() | ops.Reshape() | ops.Pad() | ops.Slice():
                return any(inputs) or (is_wanted and not gives_signs(self.graph, op))
            case ops.Concat() | ops.Add() | ops.Multiply():
                if not isinstance(op, ops.Concat) and len(inputs) != 2:
                    return False
                return all(inputs) or (any(inputs) and is_wanted and not any(map(self._is_packed_sum, op.inputs)))
            case ops.Activation():
                return all(inputs) and (_is_relu(op) or op.kind == "leaky_relu")
            case ops.Affine():
                return any(inputs) and is_wanted and len(op.shape) == 3 and op.scale.ndim == 1
        return False

    def _is_packed(self, op: ops.Op) -> bool:
        return is_packable(self.graph, op) or (self.packs and is_exact_in_few_bits(self.graph, op))

    def _is_packed_sum(self, name: str) -> bool:
        """Whether a value is the result of a packed layer, after its scale and activation."""
        op = self.graph[name]
        while isinstance(op, ops.Affine | ops.Activation):
            op = self.graph[op.inputs[0]]
        return self._is_packed(op)

    def _rounded(self) -> Iterable[str]:
        """Values that are not on the grid of what they are made of."""
        for op in self.graph:
            is_read = any(reader.name in self.computed for reader in self.uses.of(op))
            if op.name not in self.computed:
                if is_read:
                    yield op.name
            elif result_of(self.graph, self.uses, op) is op and not op.moves_elements:
                yield op.name


def result_of(graph: QuantGraph, uses: Uses, op: ops.Op) -> ops.Op:
    """The activation that the operator of ``op`` applies to its result, else ``op``."""
    after = uses.only(op)
    is_fused = isinstance(op, _TAKE_ACTIVATION) and isinstance(after, ops.Activation) and after.kind in _FUSED
    return after if is_fused else op


def _is_relu(op: ops.Op) -> bool:
    return isinstance(op, ops.Activation) and op.kind == "relu"


class _Groups:
    """Values that must have the same grid, by name."""

    def __init__(self):
        self._above: dict[str, str] = {}

    def of(self, name: str) -> str:
        while self._above.get(name, name) != name:
            name = self._above[name]
        return name

    def join(self, names: Iterable[str]) -> None:
        first, *others = (self.of(name) for name in names)
        for other in others:
            self._above[other] = first


def round_rest(
    graph: QuantGraph, rest: IntegerRest, grids: Mapping[str, Grid], *, input_type: str = "float32"
) -> QuantGraph:
    """The graph with the roundings of ``rest``, and the weights of its layers in integers.

    Where nothing but the sign of a layer's value is used, the rounding does not change it: see ``bias_for_signs``.

    Args:
        graph: lowered, what ``rest`` was found in.
        grids: for each group.
        input_type: of inputs that are rounded: "float32", or "int8" or "uint8", which are fed as they are.
    """
    return _Rewriting(graph, rest, grids, None if input_type == "float32" else input_type).result()


class _Rewriting:
    def __init__(self, graph: QuantGraph, rest: IntegerRest, grids: Mapping[str, Grid], integer_inputs: str | None):
        self.graph, self.rest, self.grids = graph, rest, grids
        self.integer_inputs = integer_inputs
        self.uses, self.new_name = Uses(graph), NewNames(graph)
        self.quantized: dict[str, str] = {}

    def result(self) -> QuantGraph:
        made: list[ops.Op] = []
        for op in self.graph:
            is_computed = op.name in self.rest.computed
            read = [name for name in op.inputs if name in self.quantized and (is_computed or self._is_replaced(name))]
            written = self._in_integers(op) if is_computed else op
            if isinstance(op, ops.Input) and self.integer_inputs and op.name in self.rest.rounded:
                written = dataclasses.replace(op, bits=8, has_grid=not op.takes_bytes)
            made.append(rewired(written, {name: self.quantized[name] for name in read}))
            if op.name in self.rest.rounded:
                made.extend(self._roundings(op))
        outputs = [self.quantized.get(name, name) if self._is_replaced(name) else name for name in self.graph.outputs]
        return self.graph.rewritten(made, outputs)

    def _is_replaced(self, name: str) -> bool:
        """Whether all who read a value read what it is rounded to; others keep the float that is rounded."""
        return name in self.rest.computed or (self.integer_inputs and isinstance(self.graph[name], ops.Input))

    def _roundings(self, op: ops.Op) -> Iterable[ops.UniformQuantize]:
        grid, source = self.grids[self.rest.rounded[op.name]], op.name
        is_input = isinstance(op, ops.Input)
        if is_input and (op.takes_bytes or self.integer_inputs == "uint8"):  # bytes, as the user feeds them
            first = self._rounding(op, source, Grid(grid.scale, grid.zero_point + 128), signed=False)
            yield first
            source = first.name
        rounding = self._rounding(op, source, grid)
        self.quantized[op.name] = rounding.name
        yield rounding

    def _rounding(self, op: ops.Op, source: str, grid: Grid, signed: bool = True) -> ops.UniformQuantize:
        name = self.new_name(f"{op.name}/{'quantize' if signed else 'bytes'}")
        place = {"name": name, "inputs": (source,), "shape": op.shape, "origin": op.origin}
        return ops.UniformQuantize(**place, scale=grid.scale, zero_point=grid.zero_point, signed=signed)

    def _in_integers(self, op: ops.Op) -> ops.Op:
        if isinstance(op, ops.Affine):
            op = _as_depthwise(op)
        if not isinstance(op, ops.Linear):
            return op
        bias = np.zeros(op.shape[-1]) if op.bias is None else op.bias.astype(np.float64)
        scale = self._grid_behind(self.graph[op.inputs[0]]).scale
        kernel = quantized_kernel(op.kernel, scale, bias)
        result = result_of(self.graph, self.uses, self.graph[op.name])
        if result.name == op.name and self._has_only_signs(result):
            bias = bias_for_signs(bias, scale, kernel, self.grids[self.rest.rounded[op.name]].scale)
        else:
            bias = quantized_bias(bias, scale, kernel)
        return dataclasses.replace(op, kernel=kernel, bias=bias)

    def _grid_behind(self, op: ops.Op) -> Grid:
        """Of the integers of a value."""
        while op.name not in self.rest.rounded:
            op = self.graph[op.inputs[0]]
        return self.grids[self.rest.rounded[op.name]]

    def _has_only_signs(self, op: ops.Op) -> bool:
        readers = self.uses.of(op)
        return bool(readers) and op.name not in self.graph.outputs and all(map(self._reads_sign, readers))

    def _reads_sign(self, op: ops.Op) -> bool:
        if isinstance(op, ops.Binarize):
            return not np.any(op.threshold != 0) and (op.flip is None or not op.flip.any())
        is_moved = op.name in self.rest.computed and op.moves_elements and not isinstance(op, ops.Concat | ops.Pad)
        return is_moved and self._has_only_signs(op)


def _as_depthwise(op: ops.Affine) -> ops.Conv2D:
    """A normalisation as a convolution of one pixel and one channel, which has a scale for each channel."""
    scale = op.scale.astype(np.float64)
    kernel = Kernel(scale.astype(np.float32).reshape(1, 1, 1, -1), None, 32)
    place = {"name": op.name, "inputs": op.inputs, "shape": op.shape, "origin": op.origin}
    return ops.Conv2D(**place, kernel=kernel, bias=(op.bias - op.mean * scale).astype(np.float32), groups=op.shape[-1])
