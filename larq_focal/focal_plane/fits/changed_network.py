"""A network with changed layers, whose weights are cut from the present ones, to try whether it compiles."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

import numpy as np

from larq_focal.network.graph import QuantGraph
from larq_focal.network.kernel import Kernel
from larq_focal.network.ops import Binarize, Conv2D, Op


@dataclass(frozen=True)
class LayerChange:
    """What a convolution becomes: what is None or False stays as it is."""

    groups: int | None = None
    kernel_size: tuple[int, int] | None = None
    binary_weights: bool = False
    binary_inputs: bool = False

    def text(self, op: Conv2D) -> str:
        """In words, with the fan-in that follows, where that changes."""
        parts = ["binary weights"] * self.binary_weights + ["1-bit inputs"] * self.binary_inputs
        if self.groups:
            parts.append(f"groups={self.groups}")
        if self.kernel_size:
            parts.append("a {}x{} kernel".format(*self.kernel_size))
        fan_in = f" (fan-in {changed_layer(op, self).kernel.fan_in})" if self.groups or self.kernel_size else ""
        return f"{op.name}: {' and '.join(parts)}{fan_in}"


def changed_network(network: QuantGraph, changes: Mapping[str, LayerChange], dark: float) -> QuantGraph:
    """The network with ``changes`` by the names of its convolutions.

    Args:
        network: as it was read.
        changes: what its layers become.
        dark: the threshold of signs on inputs that had none before.
    """
    operations: list[Op] = []
    for op in network:
        change = changes.get(op.name)
        if change is None or not isinstance(op, Conv2D):
            operations.append(op)
            continue
        if change.binary_inputs:
            source = network[op.inputs[0]]
            sign = Binarize(
                name=f"{op.name} sign", inputs=(source.name,), shape=source.shape, threshold=np.float32(dark)
            )
            operations.append(sign)
            op = replace(op, inputs=(sign.name,))
        operations.append(changed_layer(op, change))
    return network.rewritten(operations)


def further_groups(op: Conv2D, now: int) -> Iterator[int]:
    """More groups than ``now`` that the channels of a layer can be divided into, the fewest first."""
    per_group, _ = op.kernel.codes.shape[2:]
    most = math.gcd(per_group * op.groups, op.kernel.codes.shape[3])
    return (groups for groups in range(now + 1, most + 1) if most % groups == 0 and groups % op.groups == 0)


def smaller_kernels(op: Conv2D, now: tuple[int, int]) -> Iterator[tuple[int, int]]:
    """Kernels smaller than ``now`` that leave the maps of a layer as large as they are, the largest first."""
    if op.padding == "same" and tuple(op.strides) == (1, 1):
        for less in range(1, max(now)):
            yield max(now[0] - less, 1), max(now[1] - less, 1)


def changed_layer(op: Conv2D, change: LayerChange) -> Conv2D:
    """The layer with weights that are cut from its present ones; its input is not changed."""
    codes, scale, bits = op.kernel.codes, op.kernel.scale, op.kernel.bits
    if change.binary_weights:
        codes, bits = np.where(codes >= 0, 1, -1).astype(np.int8), 1
        scale = np.ones(codes.shape[-1], np.float32)
    if change.kernel_size:
        rows, columns = change.kernel_size
        top, left = ((size - wanted) // 2 for size, wanted in zip(codes.shape, change.kernel_size, strict=False))
        codes = codes[top : top + rows, left : left + columns]
    groups = change.groups or op.groups
    codes = codes[:, :, : op.kernel.codes.shape[2] * op.groups // groups]
    return replace(op, kernel=Kernel(np.ascontiguousarray(codes), scale, bits), groups=groups)
