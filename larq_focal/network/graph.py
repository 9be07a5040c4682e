"""QuantGraph: a quantised network as plain data, the hinge between Keras, flatbuffers and what judges them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from larq_focal.network.ops import Conv2D, Input, Linear, Op, Unknown, Weighted


class GraphError(ValueError):
    """A graph contradicts itself; the message names the operation."""


class NotUnderstood(Exception):
    """Something in a model that is being read has no operation; the message names it."""


def needed(ops: Iterable[Op], names: Iterable[str]) -> set[str]:
    """The names of the operations that the values ``names`` depend on, these among them; ``ops`` are in their order."""
    needed = set(names)
    for op in reversed([*ops]):
        if op.name in needed:
            needed.update(op.inputs)
    return needed


class QuantGraph:
    """Operations in an order in which every input comes before its use.

    Args:
        name: what the network is called.
        ops: the operations, each producing one named value.
        outputs: names of the values that the network returns.

    Raises:
        GraphError: a name is used twice or before it is produced, or shapes do not fit together.
    """

    def __init__(self, name: str, ops: Iterable[Op], outputs: Iterable[str]):
        self.name = name
        self.ops = tuple(ops)
        self.outputs = tuple(outputs)
        self._by_name: dict[str, Op] = {}
        self._bits: dict[str, int] = {}
        for op in self.ops:
            self._check(op)
            self._by_name[op.name] = op
            self._bits[op.name] = op.value_bits(tuple(self._bits[name] for name in op.inputs))
        for name in self.outputs:
            if name not in self._by_name:
                raise GraphError(f"The output '{name}' is not produced by any operation of '{self.name}'.")

    def _check(self, op: Op) -> None:
        if op.name in self._by_name:
            raise GraphError(f"Two operations are named '{op.name}'.")
        for name in op.inputs:
            if name not in self._by_name:
                raise GraphError(f"'{op.name}' reads '{name}', which no earlier operation produces.")
        fault = op.fault(tuple(self._by_name[name].shape for name in op.inputs))
        if fault is not None:
            raise GraphError(f"'{op.name}' {fault}")

    def __getitem__(self, name: str) -> Op:
        return self._by_name[name]

    def __contains__(self, name: str) -> bool:
        return name in self._by_name

    def __iter__(self) -> Iterator[Op]:
        return iter(self.ops)

    def __len__(self) -> int:
        return len(self.ops)

    def __repr__(self) -> str:
        return f"QuantGraph('{self.name}', {len(self.ops)} operations)"

    @property
    def inputs(self) -> tuple[Input, ...]:
        return tuple(op for op in self.ops if isinstance(op, Input))

    @property
    def layers(self) -> tuple[Linear, ...]:
        """Two-dimensional convolutions and dense layers, which the targets know."""
        return tuple(op for op in self.ops if isinstance(op, Linear))

    @property
    def convolutions(self) -> tuple[Conv2D, ...]:
        """Those of ``layers`` that are two-dimensional convolutions."""
        return tuple(op for op in self.ops if isinstance(op, Conv2D))

    @property
    def other_layers(self) -> tuple[Weighted, ...]:
        """Layers with kernels that the interpreter computes and no target knows: transposed convolutions, say."""
        return tuple(op for op in self.ops if isinstance(op, Weighted) and not isinstance(op, Linear))

    @property
    def unknown(self) -> tuple[Unknown, ...]:
        """What the interpreter cannot compute."""
        return tuple(op for op in self.ops if isinstance(op, Unknown))

    @property
    def uncounted(self) -> tuple[Unknown, ...]:
        """What cannot be computed, and of which the weights or the multiply-accumulates are not known either."""
        return tuple(op for op in self.unknown if not op.is_counted)

    def bits(self, name: str) -> int:
        """Bits per element of the value ``name``: 1 after a binarizer, 32 for floats."""
        return self._bits[name]

    def input_bits(self, op: Op) -> int:
        """Bits per element of the first input of ``op``."""
        return self._bits[op.inputs[0]]

    def is_binary(self, op: Op) -> bool:
        """Whether ``op`` multiplies bits by bits, as its values stand (not as its quantizers claim)."""
        return isinstance(op, Weighted) and op.kernel.is_binary and self.input_bits(op) == 1

    def consumers(self, name: str) -> tuple[Op, ...]:
        return tuple(op for op in self.ops if name in op.inputs)

    def rewritten(self, ops: Iterable[Op], outputs: Iterable[str] | None = None) -> QuantGraph:
        """The same network with other operations."""
        return QuantGraph(self.name, ops, self.outputs if outputs is None else outputs)
