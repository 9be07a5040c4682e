"""A layer of a network as a network of its own, of any width, to be measured."""

from __future__ import annotations

from dataclasses import fields, replace

import numpy as np

from larq_focal.network import ops
from larq_focal.network.graph import QuantGraph
from larq_focal.network.kernel import Kernel

_INPUT = "input"


def layer_network(graph: QuantGraph, name: str, inputs: int, outputs: int) -> QuantGraph:
    """The layer ``name`` with ``inputs`` and ``outputs`` channels: with its input quantizer and what follows.

    What follows is the normalisation and the activation behind it, up to where its value is used twice or moved.

    Args:
        graph: the network.
        name: of a convolution or dense layer.
        inputs: channels that it reads, at most as many as it does.
        outputs: channels that it gives, likewise.
    """
    op = graph[name]
    chain = [op]
    source = graph[op.inputs[0]]
    if source.constant_axes == 0 and len(source.inputs) == 1 and graph.bits(source.name) < ops.FLOAT_BITS:
        chain.insert(0, source)
    while (following := _following(graph, chain[-1])) is not None:
        chain.append(following)
    shape = graph[chain[0].inputs[0]].shape
    made: list[ops.Op] = [ops.Input(name=_INPUT, shape=(*shape[:-1], inputs))]
    width = inputs
    for part in chain:
        width = outputs if part is op else width
        made.append(_cut(part, made[-1].name, inputs, width) if part is op else _narrow(part, made[-1].name, width))
    return QuantGraph(f"{name}_{inputs}_{outputs}", made, [made[-1].name])


def signature(graph: QuantGraph, op: ops.Linear) -> str:
    """What a layer is but for its width, in words: layers of one signature and width cost the same."""
    shape = graph[op.inputs[0]].shape
    words = [
        op.label,
        "x".join(map(str, (*op.kernel.shape[:-2], ""))).rstrip("x"),
        "on",
        "x".join(map(str, shape[:-1])),
    ]
    if isinstance(op, ops.Conv2D):
        words += [op.padding, *(f"{key} {'x'.join(map(str, getattr(op, key)))}" for key in ("strides", "dilation"))]
        words += ["depthwise"] if op.is_depthwise else []
    following = _following(graph, op)
    while following is not None:
        words.append(getattr(following, "kind", type(following).__name__.lower()))
        following = _following(graph, following)
    return " ".join([*filter(None, words), f"weights {op.kernel.bits}", f"inputs {graph.input_bits(op)}"])


def _following(graph: QuantGraph, op: ops.Op) -> ops.Op | None:
    """The normalisation or activation that alone reads a value."""
    users = graph.consumers(op.name)
    if len(users) != 1 or op.name in graph.outputs or not isinstance(users[0], ops.Affine | ops.Activation):
        return None
    return users[0] if users[0].constant_axes in (0, 1) else None


def _narrow(op: ops.Op, value: str, width: int) -> ops.Op:
    """An element-wise operation on the first channels."""
    channels = op.shape[-1]
    cut = {
        field.name: array[:width]
        for field in fields(op)
        if isinstance(array := getattr(op, field.name), np.ndarray) and array.shape == (channels,)
    }
    return replace(op, inputs=(value,), shape=(*op.shape[:-1], width), **({} if op.constant_axes == 0 else cut))


def _cut(op: ops.Linear, value: str, inputs: int, outputs: int) -> ops.Op:
    """A layer of the first channels."""
    kernel, grouped = op.kernel, isinstance(op, ops.Conv2D) and op.groups > 1
    codes = kernel.codes[..., : (kernel.shape[-2] if grouped else inputs), :outputs]
    stored = min(kernel.stored_scales, outputs) if kernel.stored_scales != kernel.shape[-1] else outputs
    scale = None if kernel.scale is None else kernel.scale[:outputs]
    return replace(
        op,
        inputs=(value,),
        shape=(*op.shape[:-1], outputs),
        kernel=Kernel(codes, scale, kernel.bits, stored),
        bias=None if op.bias is None else op.bias[:outputs],
        **({"groups": inputs} if grouped else {}),
    )
