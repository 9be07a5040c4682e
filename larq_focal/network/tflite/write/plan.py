"""Which operations of a graph share an operator of the file, and which values are kept as packed bits."""

from __future__ import annotations

from dataclasses import dataclass, replace

from larq_focal.network import ops
from larq_focal.network.few_bits import is_exact_in_few_bits, takes_few_bits
from larq_focal.network.graph import QuantGraph
from larq_focal.network.int8 import computes_integers, moved_grid
from larq_focal.network.level_grids import level_grid
from larq_focal.network.passes.packable import gives_signs, is_packable, may_give_signs, takes_activation
from larq_focal.network.passes.uses import Uses

FUSED_ACTIVATIONS = {"relu": 1, "relu_n1_to_1": 2, "relu6": 3}
"""Activations that operators can apply to their result, by their number in the schema."""
_TAKE_ACTIVATION = (ops.Conv2D, ops.Dense, ops.Affine, ops.Add, ops.Multiply, ops.Pool2D)


@dataclass(frozen=True)
class PackedConvolution:
    """What one LceBconv2d computes: a convolution of unit scale, then an activation and a normalisation, or a sign.

    What is not a sign may be rounded to int8.
    """

    convolution: ops.Conv2D
    activation: ops.Activation | None = None
    affine: ops.Affine | None = None
    binarize: ops.Binarize | None = None
    rounding: ops.UniformQuantize | None = None

    @property
    def result(self) -> ops.Op:
        return self.binarize or self.affine or self.activation or self.convolution


class Plan:
    """What is written together, and how.

    Args:
        graph: as the passes give it.
        packs: whether there are packed values at all.

    Attributes:
        convolutions: those that are written as binary ones, by the name of the convolution.
        activations: the activation that an operator applies to its result, by the operation's name.
        absorbed: names of operations that are written with an earlier one.
        packed: names of the values that are read as packed bits.
        packed_pools: names of the poolings of packed bits.
        flattened: the value that a dense layer reads in place of its flattened form, by the layer's name.
        codes: the grid of each value that is kept as 8-bit integers.
        roundings: the rounding that an operator does with its result, by the operation's name.
        few_bits: names of the layers that are written as operators of few bits.
        sources: what a rounding reads in place of its input, by its name.
    """

    def __init__(self, graph: QuantGraph, packs: bool):
        self._graph = graph
        self._uses = Uses(graph)
        self.convolutions: dict[str, PackedConvolution] = {}
        self.activations: dict[str, ops.Activation] = {}
        self.absorbed: set[str] = set()
        self.packed: set[str] = set()
        self.packed_pools: set[str] = set()
        self.flattened: dict[str, str] = {}
        self.codes: dict[str, ops.UniformQuantize] = {}
        self.roundings: dict[str, ops.UniformQuantize] = {}
        self.few_bits: set[str] = set()
        self.sources: dict[str, str] = {}
        if packs:
            self._plan_convolutions()
            self._plan_packed_values()
            self._plan_few_bits()
        for op in graph:
            self._plan_flattening(op)
            if isinstance(op, _TAKE_ACTIVATION) and not (op.name in self.absorbed or op.name in self.convolutions):
                self._plan_activation(op)
        self._plan_integers()
        if packs:
            self.few_bits |= {name for name in self.roundings if takes_few_bits(graph[name])}

    def grid_of(self, op: ops.Op) -> ops.UniformQuantize | None:
        """The grid of the integers that the operator of ``op`` gives; None where it gives floats."""
        result = self.activations.get(op.name, op)
        is_moved = result.name in self.codes and not isinstance(op, ops.UniformQuantize)
        return self.codes[result.name] if is_moved else self.roundings.get(op.name)

    def _plan_convolutions(self) -> None:
        for op in self._graph:
            if is_packable(self._graph, op):
                packed = self.convolutions[op.name] = self._packed_convolution(op)
                self.absorbed.update(
                    step.name for step in (packed.activation, packed.affine, packed.binarize) if step is not None
                )

    def _packed_convolution(self, convolution: ops.Conv2D) -> PackedConvolution:
        after = self._uses.only(convolution)
        if isinstance(after, ops.Binarize) and may_give_signs(self._graph, convolution, after):
            return PackedConvolution(convolution, binarize=after)
        activation = None
        if isinstance(after, ops.Activation) and takes_activation(self._graph, convolution, after):
            activation, after = after, self._uses.only(after)
        if isinstance(after, ops.Affine) and after.scale.ndim == 1 and not after.mean.any():
            return PackedConvolution(convolution, activation, after)
        return PackedConvolution(convolution, activation)

    def _plan_packed_values(self) -> None:
        for op in reversed(self._graph.ops):
            if op.name in self.convolutions:
                self.packed.add(op.inputs[0])
            elif op.name in self.packed and isinstance(op, ops.Pool2D) and gives_signs(self._graph, op):
                self.packed_pools.add(op.name)
                self.packed.add(op.inputs[0])

    def _plan_few_bits(self) -> None:
        """Layers of few bits on maps of few levels, whose quantizers give integers."""
        for op in self._graph:
            if op.name not in self.convolutions and is_exact_in_few_bits(self._graph, op):
                self.few_bits.add(op.name)
                self._plan_quantizers(op.inputs[0])

    def _plan_quantizers(self, name: str) -> None:
        op = self._graph[name]
        if isinstance(op, ops.Quantize):
            self.codes[name] = level_grid(self._graph, name)
        elif op.moves_elements:
            for source in op.inputs:
                self._plan_quantizers(source)

    def _plan_flattening(self, op: ops.Op) -> None:
        """A dense layer of one row reads all elements, whatever their shape."""
        source = self._graph[op.inputs[0]] if isinstance(op, ops.Dense) else None
        if isinstance(source, ops.Reshape) and len(op.shape) == 1 and self._uses.only(source) is op:
            self.flattened[op.name] = source.inputs[0]
            self.absorbed.add(source.name)

    def _plan_activation(self, op: ops.Op) -> None:
        after = self._uses.only(op)
        if isinstance(after, ops.Activation) and after.kind in FUSED_ACTIVATIONS:
            self.activations[op.name] = after
            self.absorbed.add(after.name)

    def _plan_integers(self) -> None:
        """Operators of int8, where operands are on grids and the result is rounded to one."""
        made_by = {activation.name: self._graph[name] for name, activation in self.activations.items()}
        for op in self._graph:
            if isinstance(op, ops.UniformQuantize):
                self._plan_rounding(op, made_by)
            elif (grid := moved_grid(op, self.codes)) is not None:
                activation = self.activations.get(op.name)
                if activation is None or activation.kind == "relu":  # 0 is on every grid
                    self.codes[op.name if activation is None else activation.name] = grid

    def _plan_rounding(self, rounding: ops.UniformQuantize, made_by: dict[str, ops.Op]) -> None:
        source = self._graph[rounding.inputs[0]]
        is_own = self._uses.only(source) is rounding
        maker = made_by.get(source.name, source)
        packed = next((p for p in self.convolutions.values() if p.result is source and p.binarize is None), None)
        if rounding.bits != 8 or not (rounding.signed or isinstance(source, ops.Input)):
            return
        if is_own and packed is not None and rounding.signed:
            self.convolutions[packed.convolution.name] = replace(packed, rounding=rounding)
        elif is_own and computes_integers(maker, self.codes, rounding):
            self.roundings[maker.name] = rounding
        elif rounding.signed and self._feeds_integers(rounding):
            self.codes[rounding.name] = rounding
            cuts_off = isinstance(source, ops.Activation) and source.kind == "relu" and rounding.zero_point == -128
            if cuts_off and is_own and source.name not in self.absorbed:
                self.sources[rounding.name] = source.inputs[0]  # what is below 0 takes the lowest integer, which is 0
                self.absorbed.add(source.name)
            return
        else:
            return
        self.codes[rounding.name] = rounding
        self.absorbed.add(rounding.name)

    def _feeds_integers(self, op: ops.Op) -> bool:
        """Whether an operation that may become an operator of integers reads ``op``, or moves of it."""
        for reader in self._uses.of(op):
            if reader.name in self.few_bits:
                return True
            result = self.activations.get(reader.name, reader)
            computes = isinstance(self._uses.only(result), ops.UniformQuantize) and not isinstance(reader, ops.Binarize)
            if computes or (reader.moves_elements and self._feeds_integers(result)):
                return True
        return False
