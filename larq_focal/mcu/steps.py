"""A network as the steps of a program: each computes a value from stored ones and stores it, and nothing in between."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from larq_focal.network import ops
from larq_focal.network.graph import QuantGraph
from larq_focal.network.passes.uses import Uses

ELEMENTWISE = (ops.Affine, ops.Activation, ops.Binarize, ops.Quantize, ops.UniformQuantize)
"""What reads one value and goes element by element, by the same rule or with constants."""
_TAKE_A_CHAIN = (ops.Linear, ops.Pool2D, ops.GlobalPool, ops.Add, ops.Multiply, *ELEMENTWISE)


@dataclass
class Step:
    """One loop over the elements of a value.

    Attributes:
        op: what is computed.
        inputs: names of the stored values that are read.
        chain: what each result goes through before it is stored.
        padding: what is read in between, where a convolution adds the pixels of a ``Pad`` while it reads.
        pool: max-pooling of what the chain gives, where a convolution computes the pixels of a window one by one.
    """

    op: ops.Op
    inputs: tuple[str, ...]
    chain: list[ops.Op] = field(default_factory=list)
    padding: ops.Pad | None = None
    pool: ops.Pool2D | None = None

    @property
    def result(self) -> ops.Op:
        """The operation whose value is stored."""
        return self.pool or (self.chain[-1] if self.chain else self.op)

    @property
    def ops(self) -> Iterator[ops.Op]:
        yield self.op
        yield from self.chain
        if self.pool is not None:
            yield self.pool


@dataclass
class Steps:
    """The steps of a network in their order, and for each value under which name it is stored."""

    steps: list[Step]
    stored_as: dict[str, str]


def steps_of(graph: QuantGraph) -> Steps:
    """Joins operations into steps: element-wise ones with what they read, paddings with the convolutions behind them.

    A reshape is not a step: elements lie in the order of rows, columns and channels without gaps, whatever the shape.
    """
    uses = Uses(graph)
    absorbed = {op.name for op in graph if isinstance(op, ops.Pad) and _is_absorbed(graph, uses, op)}
    stored_as: dict[str, str] = {}
    made: dict[str, Step] = {}
    for op in graph:
        if isinstance(op, ops.Input):
            stored_as[op.name] = op.name
        elif isinstance(op, ops.Reshape):
            stored_as[op.name] = stored_as[op.inputs[0]]
        elif op.name in absorbed:
            continue
        elif (before := _step_to_join(graph, uses, made, op)) is not None:
            del made[before.result.name]
            before.chain.append(op)
            made[op.name] = before
            stored_as[op.name] = op.name
        elif isinstance(op, ops.Pool2D) and (before := _step_to_pool(graph, uses, made, op)) is not None:
            del made[before.result.name]
            before.pool = op
            made[op.name] = before
            stored_as[op.name] = op.name
        else:
            padding = next((graph[name] for name in op.inputs if name in absorbed), None)
            names = op.inputs if padding is None else padding.inputs
            made[op.name] = Step(op, tuple(stored_as[name] for name in names), padding=padding)
            stored_as[op.name] = op.name
    return Steps([*made.values()], stored_as)


def _is_absorbed(graph: QuantGraph, uses: Uses, pad: ops.Pad) -> bool:
    """Whether the convolutions that read a padding can add its pixels themselves."""
    if pad.name in graph.outputs or len(pad.shape) != 3 or any(pad.pads[-1]):
        return False
    readers = uses.of(pad)
    return bool(readers) and all(isinstance(op, ops.Conv2D) and op.padding == "valid" for op in readers)


def _step_to_join(graph: QuantGraph, uses: Uses, made: dict[str, Step], op: ops.Op) -> Step | None:
    """The step whose elements ``op`` can take up as soon as they are computed."""
    if not isinstance(op, ELEMENTWISE) or getattr(op, "kind", "") == "softmax":
        return None
    source = graph[op.inputs[0]]
    while isinstance(source, ops.Reshape) and uses.is_used_once(source) and _same_channels(graph, source):
        source = graph[source.inputs[0]]
    step = made.get(source.name)
    is_free = step is not None and uses.is_used_once(source) and isinstance(step.op, _TAKE_A_CHAIN)
    return step if is_free and step.pool is None else None


def _step_to_pool(graph: QuantGraph, uses: Uses, made: dict[str, Step], pool: ops.Pool2D) -> Step | None:
    """The convolution whose pixels a max-pooling of windows side by side can take up as soon as they are computed."""
    step = made.get(pool.inputs[0])
    if step is None or not isinstance(step.op, ops.Conv2D) or step.pool is not None:
        return None
    is_apart = pool.kind == "max" and pool.size == pool.strides and pool.padding == "valid"
    is_by_channel = all((op.constant_axes or 0) <= 1 for op in step.chain) and step.result.shape == step.op.shape
    return step if is_apart and is_by_channel and uses.is_used_once(step.result) else None


def _same_channels(graph: QuantGraph, reshape: ops.Reshape) -> bool:
    return graph[reshape.inputs[0]].shape[-1:] == reshape.shape[-1:]
