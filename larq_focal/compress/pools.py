"""Weight pools: all kernels of a network from one small set of vectors, which a look-up by bits can multiply with.

Source: Li and Gupta, "Bit-serial Weight Pools: Compression and Arbitrary Precision Execution of Neural Networks on
Resource Constrained Processors", MLSys 2022, https://github.com/shuruili77/MLSys22_artifact.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from larq_focal.network import ops
from larq_focal.network.graph import QuantGraph
from larq_focal.network.kernel import Kernel
from larq_focal.network.load import as_graph
from larq_focal.result import Result
from larq_focal.tables import add_figures, add_name, new_table
from larq_focal.text import bytes_text

GROUP = 8
"""Weights of neighbouring input channels that form a vector: as many as a byte has bits."""
_LARGEST_CODE = 127
_ROUNDS = 50


@dataclass(frozen=True, eq=False)
class WeightPool:
    """``vectors`` are int8 ``[P, 8]``, none of zeros alone."""

    vectors: np.ndarray

    def __len__(self) -> int:
        return len(self.vectors)

    @property
    def index_bits(self) -> int:
        """Bits that tell one vector of the pool."""
        return max(1, (len(self) - 1).bit_length())

    @property
    def lookup_table(self) -> np.ndarray:
        """Sums of the weights whose bit is set, int32 ``[256, P]``, by the byte that the bits form, lowest first."""
        bits = np.arange(2**GROUP)[:, None] >> np.arange(GROUP) & 1
        return (bits @ self.vectors.T.astype(np.int64)).astype(np.int32)

    def nearest(self, groups: np.ndarray) -> np.ndarray:
        """The vector of the largest cosine to each of ``[n, 8]``: indices ``[n]``."""
        return np.argmax(groups @ _unit(self.vectors.astype(np.float64)).T, axis=1)


@dataclass(frozen=True, repr=False)
class PooledNetwork(Result):
    """A network whose kernels are made of one pool.

    ``graph`` computes with them; ``indices`` has for each pooled layer, by its name, the vector of each group, int64
    ``[..., in / 8, out]``, and layers that share their weights stand there once; ``kept`` names the layers that are not
    made of the pool.
    """

    graph: QuantGraph
    pool: WeightPool
    indices: Mapping[str, np.ndarray]
    kept: tuple[str, ...]

    @property
    def pooled_weights(self) -> int:
        return sum(GROUP * indices.size for indices in self.indices.values())

    @property
    def pool_bytes(self) -> int:
        """Of the pool, the indices and a float32 coefficient for each output channel."""
        bits = sum(indices.size * self.pool.index_bits for indices in self.indices.values())
        coefficients = sum(indices.shape[-1] for indices in self.indices.values())
        return self.pool.vectors.size + -(-bits // 8) + 4 * coefficients

    @property
    def headline(self) -> str:
        return (
            f"{self.graph.name}, {self.pooled_weights:,} weights in {bytes_text(self.pool_bytes)} of {len(self.pool)} "
            f"vectors and indices; int8, {bytes_text(self.pooled_weights)}, in a .tflite file, which has no look-up"
        )

    def to_dict(self) -> dict[str, Any]:
        """Plain values for JSON."""
        return {
            "network": self.graph.name,
            "vectors": len(self.pool),
            "pooled_weights": self.pooled_weights,
            "pool_bytes": self.pool_bytes,
            "layers": {name: int(GROUP * indices.size) for name, indices in self.indices.items()},
            "kept": list(self.kept),
        }

    def __rich__(self):
        table = new_table(self.headline)
        add_name(table, "layer")
        add_figures(table, "weights", "vectors used")
        for name, indices in self.indices.items():
            table.add_row(name, f"{GROUP * indices.size:,}", str(len(np.unique(indices))))
        for name in self.kept:
            table.add_row(name, "kept", "")
        return table


def weight_pool(
    network: Any, size: int = 64, *, keep: Collection[str] = (), seed: int = 0, trust: bool = False
) -> WeightPool:
    """The pool of a network: k-means by cosine over the groups of 8 weights of all its layers.

    Args:
        network: as for :func:`quantize_weights`.
        size: of the pool; 32 to 128 as published.
        keep: names of layers that are not made of the pool, such as the classifier.
        seed: of the first vectors.
        trust: as for :func:`quantize_weights`.

    Raises:
        ValueError: there is no layer with groups of 8 input channels, or they have fewer directions than ``size``.
    """
    graph = as_graph(network, trust=trust)
    kernels = {id(op.kernel.codes): op.kernel for op in graph.layers if _has_groups(op, keep)}
    groups = [_groups(kernel.values()).reshape(-1, GROUP) for kernel in kernels.values()]
    if not groups:
        raise ValueError(f"'{graph.name}' has no layer to pool: their input channels must be a multiple of {GROUP}.")
    directions = _unit(np.concatenate(groups).astype(np.float64))
    directions = directions[np.any(directions, axis=1)]
    centres = _cosine_means(directions, size, np.random.default_rng(seed))
    codes = np.rint(centres * (_LARGEST_CODE / np.abs(centres).max())).astype(np.int8)
    return WeightPool(codes)


def pool_weights(network: Any, pool: WeightPool, *, keep: Collection[str] = (), trust: bool = False) -> PooledNetwork:
    """The network with each group of 8 weights replaced by the nearest vector of the pool, by cosine.

    Each output channel has a coefficient, of least squared error for the vectors chosen.

    Args:
        network: as for :func:`quantize_weights`.
        pool: of this network, or of another.
        keep: as for :func:`weight_pool`.
        trust: as for :func:`quantize_weights`.
    """
    graph = as_graph(network, trust=trust)
    bound = [op for op in graph.layers if _has_groups(op, keep)]
    owners = {id(op.kernel.codes): op for op in reversed(bound)}  # shared weights count once
    pooled = {key: pooled_kernel(op.kernel.values(), pool) for key, op in owners.items()}
    indices = {op.name: pooled[id(op.kernel.codes)][1] for op in bound if owners[id(op.kernel.codes)] is op}
    made = {op.name: dataclasses.replace(op, kernel=pooled[id(op.kernel.codes)][0]) for op in bound}
    kept = tuple(op.name for op in graph.layers if op.name not in made)
    return PooledNetwork(graph.rewritten(made.get(op.name, op) for op in graph), pool, indices, kept)


def pooled_kernel(values: np.ndarray, pool: WeightPool) -> tuple[Kernel, np.ndarray]:
    """Weights ``[..., in, out]`` from a pool, and the vector of each group ``[..., in / 8, out]``."""
    groups = _groups(values)  # [..., in / 8, out, 8]
    indices = pool.nearest(groups.reshape(-1, GROUP).astype(np.float64)).reshape(groups.shape[:-1])
    codes = np.moveaxis(pool.vectors[indices], -1, -2).reshape(values.shape)
    rows, weights = (array.reshape(-1, values.shape[-1]).astype(np.float64) for array in (codes, values))
    coefficients = (rows * weights).sum(0) / np.square(rows).sum(0)
    coefficients = np.where(coefficients > 0, coefficients, np.finfo(np.float32).tiny)  # of a channel of zeros
    return Kernel(codes, coefficients.astype(np.float32), 8, codes.shape[-1]), indices


def lookup_sums(codes: np.ndarray, bits: int, indices: np.ndarray, pool: WeightPool) -> np.ndarray:
    """Sums of products with pooled weights by look-ups alone: no multiplication, any number of bits of the map.

    A bit of 8 neighbouring channels is a byte, for which the table has the sum with every vector; the sums of the
    bits are added, each shifted by its place.

    Args:
        codes: whole numbers from 0 to 2^bits - 1, ``[N, in]``.
        bits: of the codes.
        indices: ``[in / 8, out]``.
        pool: the vectors.

    Returns:
        int64 ``[N, out]``, exactly ``codes @ weights``.
    """
    table, groups = pool.lookup_table.astype(np.int64), codes.reshape(len(codes), -1, GROUP)
    sums = np.zeros((len(codes), indices.shape[-1]), np.int64)
    for bit in range(bits):
        rows = ((groups.astype(np.int64) >> bit & 1) << np.arange(GROUP)).sum(-1)
        sums += table[rows[:, :, None], indices[None]].sum(1) << bit
    return sums


def _has_groups(op: ops.Linear, keep: Collection[str]) -> bool:
    """Whether the weights of a layer can be of a pool: they are many bits, and their channels form groups."""
    return op.name not in keep and op.kernel.bits > 4 and op.kernel.shape[-2] % GROUP == 0


def _groups(values: np.ndarray) -> np.ndarray:
    """``[..., in, out]`` as ``[..., in / 8, out, 8]``."""
    *window, channels, out = values.shape
    return np.moveaxis(values.reshape(*window, channels // GROUP, GROUP, out), -2, -1)


def _unit(vectors: np.ndarray) -> np.ndarray:
    """Of length 1; zeros stay zeros."""
    return vectors / np.maximum(np.linalg.norm(vectors, axis=-1, keepdims=True), np.finfo(np.float64).tiny)


def _cosine_means(directions: np.ndarray, size: int, random: np.random.Generator) -> np.ndarray:
    """k-means of unit vectors ``[n, d]`` by cosine: unit vectors ``[size, d]``."""
    distinct = np.unique(directions, axis=0)
    if not 1 <= size <= len(distinct):
        raise ValueError(f"A pool can have 1 to {len(distinct)} vectors, the directions that there are, not {size}.")
    centres = distinct[random.choice(len(distinct), size, replace=False)]
    owners = None
    for _ in range(_ROUNDS):
        likeness = directions @ centres.T
        nearest = likeness.argmax(1)
        if owners is not None and np.array_equal(nearest, owners):
            break
        owners = nearest
        sums = np.zeros_like(centres)
        np.add.at(sums, owners, directions)
        empty = ~np.any(sums, axis=1)
        sums[empty] = directions[np.argsort(likeness.max(1))[: empty.sum()]]  # those that are worst off
        centres = _unit(sums)
    return centres
