"""Two kernels of few bits in place of one, for the layers that lose most: the second holds what the first leaves.

Source: Choukroun, Kravchik, Yang and Kisilev, "Low-bit Quantization of Neural Networks for Efficient Inference",
https://arxiv.org/abs/1902.06822 ("multiple low precision quantized tensors").
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np

from larq_focal.compress.folded import with_folded_normalisations
from larq_focal.compress.quantized_network import LayerBits, QuantizedNetwork
from larq_focal.compress.schemes import MOST_BITS
from larq_focal.compress.weights import quantize_kernel, quantize_weights
from larq_focal.network import ops
from larq_focal.network.kernel import FLOAT_BITS, Kernel
from larq_focal.network.load import as_graph
from larq_focal.network.passes.uses import NewNames

_ROUNDS = 4


def dual_kernels(kernel: Kernel, bits: int) -> tuple[Kernel, Kernel]:
    """Two kernels of ``bits`` bits whose sum is close to the weights.

    The second is fitted to what the first leaves, then each in turn to what the other leaves. Every fit is the best
    there is, so no round raises the error.

    Raises:
        ValueError: as :func:`quantize_kernel`.
    """
    first = quantize_kernel(kernel, bits)
    second = quantize_kernel(_without(kernel, first), bits)
    for _ in range(_ROUNDS):
        first = quantize_kernel(_without(kernel, second), bits)
        second = quantize_kernel(_without(kernel, first), bits)
    return first, second


def _without(kernel: Kernel, part: Kernel) -> Kernel:
    return Kernel((kernel.values() - part.values()).astype(np.float32), None, FLOAT_BITS)


def dual_weights(
    network: Any,
    bits: int | Mapping[str, int] | None,
    *,
    worst: int = 1,
    trust: bool = False,
    **options: Any,
) -> QuantizedNetwork:
    """A network of few bits whose ``worst`` layers, those of the largest relative error, have two kernels each.

    Such a layer becomes two with an addition behind them, in whose place its name stays. Normalisations behind layers
    go into their weights first, so that nothing stands between the sums and the addition.

    Args:
        network: as for :func:`quantize_weights`.
        bits: as for :func:`quantize_weights`; of either kernel.
        worst: how many layers.
        trust: as for :func:`quantize_weights`.
        options: others of :func:`quantize_weights`.

    Raises:
        ValueError: ``worst`` is negative, or what :func:`quantize_weights` refuses.
        TypeError, FileNotFoundError, UntrustedModelError: as :func:`quantize_weights`.
    """
    if worst < 0:
        raise ValueError(f"The number of layers with two kernels must not be negative, but is {worst}.")
    graph = with_folded_normalisations(as_graph(network, trust=trust))
    quantized = quantize_weights(graph, bits, **options)
    changed = [layer for layer in quantized.layers if layer.bits < min(layer.bits_before, MOST_BITS)]
    chosen = {layer.name for layer in sorted(changed, key=lambda layer: -layer.relative_error)[:worst]}
    rows = {layer.name: [layer] for layer in quantized.layers}
    new_name, made = NewNames(graph), []
    for op in quantized.graph:
        if op.name in chosen:
            parts = [*_dual(graph[op.name], op, new_name)]
            rows[op.name] = _rows(graph[op.name], parts)
            made.extend(parts)
        else:
            made.append(op)
    layers = tuple(row for each in rows.values() for row in each)
    return QuantizedNetwork(quantized.graph.rewritten(made), layers)


def _dual(op: ops.Linear, quantized: ops.Linear, new_name: NewNames) -> Iterator[ops.Op]:
    first, second = dual_kernels(op.kernel, quantized.kernel.bits)
    names = [new_name(f"{op.name}/{part}") for part in ("first", "second")]
    yield dataclasses.replace(op, name=names[0], kernel=first)
    yield dataclasses.replace(op, name=names[1], kernel=second, bias=None)
    yield ops.Add(name=op.name, inputs=tuple(names), shape=op.shape, origin=op.origin)


def _rows(op: ops.Linear, parts: list[ops.Op]) -> list[LayerBits]:
    """Of the first kernel alone, and of both together."""
    first, second, _ = parts
    both = Kernel((first.kernel.values() + second.kernel.values()).astype(np.float32), None, FLOAT_BITS)
    error = LayerBits.of(op, dataclasses.replace(op, kernel=both)).relative_error
    alone = LayerBits.of(op, first)
    return [
        dataclasses.replace(alone, name=first.name),
        dataclasses.replace(LayerBits.of(op, second), name=second.name, relative_error=error, int8_bytes=0),
    ]
