"""Weights as sums of a few powers of two, of which each filter gets as many as it needs; products are shifts and sums.

Source: Ding, Liu, Shi, Marculescu and Blanton, "LightNN", https://arxiv.org/abs/1802.02178; "CompactNet: High Accuracy
Deep Neural Network Optimized for On-Chip Implementation", IEEE Big Data 2018, where the number of terms is each
filter's own. How they choose it is not taken over: here each further term goes where it lowers the squared error most.
"""

from __future__ import annotations

import dataclasses
import heapq
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from larq_focal.compress.least_squares import least_squares_scales, nearest_codes
from larq_focal.network import ops
from larq_focal.network.graph import QuantGraph
from larq_focal.network.kernel import Kernel
from larq_focal.network.load import as_graph
from larq_focal.result import Result
from larq_focal.tables import add_figures, add_name, new_table
from larq_focal.text import bytes_text

MOST_TERMS = 4
"""With so many, all whole numbers up to 64 are sums of powers of two."""
_HIGHEST = 6
_TERM_BITS = 4
"""A sign, and an exponent from 0 to 6 or none."""


@dataclass(frozen=True)
class UnitCost:
    """Energy in pJ and area in square micrometres of what multiplies and adds once, at 45 nm.

    Source: Horowitz, "Computing's Energy Problem (and what we can do about it)", ISSCC 2014: additions of 8 and 32 bits
    0.03 and 0.1 pJ, 36 and 137 square micrometres; products of 8 bits 0.2 pJ, 282; of floats 3.7 pJ, 7,700, and their
    addition 0.9 pJ, 4,184.
    """

    energy_pj: float
    area_um2: float


FLOAT_UNIT = UnitCost(3.7 + 0.9, 7_700 + 4_184)
INT8_UNIT = UnitCost(0.2 + 0.1, 282 + 137)
TERM_UNIT = UnitCost(0.03 + 0.1, 36 + 137)
"""A shift, counted as an addition of 8 bits, and the addition to the sum."""


@dataclass(frozen=True)
class CompactCost:
    """What a network takes on hardware that is made for it: an estimate by counts, memory accesses left out.

    ``weight_bits`` are those of all weights; energies are in microjoules for one inference, areas of one unit.
    """

    weight_bits: int
    weights: int
    energy_uj: float
    int8_energy_uj: float
    float_energy_uj: float

    @property
    def memory_share(self) -> float:
        """Of the bits in float32."""
        return self.weight_bits / (32 * self.weights)


@dataclass(frozen=True, repr=False)
class CompactNetwork(Result):
    """``graph`` computes with the sums of powers; ``terms`` has the number of each filter, ``[out]``, by layer.

    Layers that share their weights stand there once, by the name of the first.
    """

    graph: QuantGraph
    terms: Mapping[str, np.ndarray]
    errors: Mapping[str, float]
    cost: CompactCost

    @property
    def headline(self) -> str:
        cost = self.cost
        return (
            f"{self.graph.name}, {cost.weights:,} weights in {bytes_text(cost.weight_bits / 8)}; estimates for one "
            f"inference: {cost.energy_uj:.3g} µJ (int8 {cost.int8_energy_uj:.3g}, float {cost.float_energy_uj:.3g}), "
            f"{TERM_UNIT.area_um2} µm² a unit (int8 {INT8_UNIT.area_um2}, float {FLOAT_UNIT.area_um2:,}); int8 in a "
            ".tflite file"
        )

    def to_dict(self) -> dict[str, Any]:
        """Plain values for JSON."""
        return {
            "network": self.graph.name,
            "terms": {name: each.tolist() for name, each in self.terms.items()},
            "errors": dict(self.errors),
            "cost": dataclasses.asdict(self.cost),
        }

    def __rich__(self):
        table = new_table(self.headline)
        add_name(table, "layer")
        add_figures(table, "filters", "terms", "mean", "error")
        for name, each in self.terms.items():
            row = (f"{each.min()} to {each.max()}", f"{each.mean():.2f}", f"{self.errors[name]:.2%}")
            table.add_row(name, str(len(each)), *row)
        return table


def term_magnitudes(terms: int) -> np.ndarray:
    """The whole numbers from 0 to 64 that are sums of at most ``terms`` powers of two of either sign, rising.

    A number n needs as many as its form without neighbouring digits has: the set bits of n xor 3 n.
    """
    numbers = np.arange(2**_HIGHEST + 1)
    needed = np.array([(int(n) ^ 3 * int(n)).bit_count() for n in numbers])
    return numbers[needed <= terms]


def compact_weights(
    network: Any, mean_terms: float = 2.0, *, keep: Collection[str] = (), trust: bool = False
) -> CompactNetwork:
    """A network whose weights are sums of 1 to 4 powers of two, with ``mean_terms`` for a weight on average.

    Every filter begins with one term. The next one goes to the filter whose squared error falls most for each of its
    weights, relative to the squares of its layer's weights, as long as the mean allows it.

    Args:
        network: as for :func:`quantize_weights`.
        mean_terms: 1 to 4.
        keep: names of layers that stay as they are.
        trust: as for :func:`quantize_weights`.

    Raises:
        ValueError: other terms, or a name that no layer has.
        TypeError, FileNotFoundError, UntrustedModelError: as :func:`quantize_weights`.
    """
    if not 1 <= mean_terms <= MOST_TERMS:
        raise ValueError(f"Weights can be sums of 1 to {MOST_TERMS} terms on average, not {mean_terms}.")
    graph = as_graph(network, trust=trust)
    names = [op.name for op in graph.layers]
    if unknown := sorted({*keep} - {*names}):
        raise ValueError(f"'{graph.name}' has no layer {', '.join(unknown)}; its layers are {', '.join(names)}.")
    bound = [op for op in graph.layers if op.name not in keep and op.kernel.bits > 8]
    chosen = [*{id(op.kernel.codes): op for op in reversed(bound)}.values()][::-1]  # shared weights count once
    fits = {op.name: [_fitted(op.kernel.values(), terms) for terms in range(1, MOST_TERMS + 1)] for op in chosen}
    terms = _shared_out(chosen, fits, mean_terms)
    kernels = {id(op.kernel.codes): _kernel(fits[op.name], terms[op.name]) for op in chosen}
    made = {op.name: dataclasses.replace(op, kernel=kernels[id(op.kernel.codes)]) for op in bound}
    errors = {op.name: _relative_error(op.kernel.values(), made[op.name].kernel.values()) for op in chosen}
    owners = {id(op.kernel.codes): op.name for op in chosen}
    cost = _cost(chosen, bound, {op.name: terms[owners[id(op.kernel.codes)]] for op in bound})
    return CompactNetwork(graph.rewritten(made.get(op.name, op) for op in graph), terms, errors, cost)


@dataclass(frozen=True, eq=False)
class _Fit:
    """A kernel with one number of terms for all filters, and the squared error of each filter."""

    codes: np.ndarray
    scales: np.ndarray
    errors: np.ndarray


def _fitted(values: np.ndarray, terms: int) -> _Fit:
    magnitudes = term_magnitudes(terms)
    scales = least_squares_scales(values, magnitudes).astype(np.float32)
    codes = nearest_codes(values, scales, magnitudes).astype(np.int8)
    errors = np.square(values - codes * scales, dtype=np.float64).reshape(-1, values.shape[-1]).sum(0)
    return _Fit(codes, scales, errors)


def _shared_out(layers: list[ops.Linear], fits: Mapping[str, list[_Fit]], mean: float) -> dict[str, np.ndarray]:
    terms = {op.name: np.ones(op.kernel.shape[-1], int) for op in layers}
    left = (mean - 1) * sum(op.kernel.size for op in layers)
    sizes = {op.name: op.kernel.fan_in for op in layers}
    squares = {op.name: max(float(np.square(op.kernel.values(), dtype=np.float64).sum()), 1e-30) for op in layers}

    def gain(name: str, filter_: int) -> tuple[float, str, int]:
        has = terms[name][filter_]
        fall = fits[name][has - 1].errors[filter_] - fits[name][has].errors[filter_]
        return -fall / (squares[name] * sizes[name]), name, filter_

    waiting = [gain(op.name, filter_) for op in layers for filter_ in range(op.kernel.shape[-1])]
    heapq.heapify(waiting)
    while waiting:
        _, name, filter_ = heapq.heappop(waiting)
        if sizes[name] <= left:
            left -= sizes[name]
            terms[name][filter_] += 1
            if terms[name][filter_] < MOST_TERMS:
                heapq.heappush(waiting, gain(name, filter_))
    return terms


def _kernel(fits: list[_Fit], terms: np.ndarray) -> Kernel:
    codes = np.stack([fits[count - 1].codes[..., filter_] for filter_, count in enumerate(terms)], axis=-1)
    scales = np.array([fits[count - 1].scales[filter_] for filter_, count in enumerate(terms)], np.float32)
    return Kernel(codes, scales, 8, len(scales))


def _relative_error(values: np.ndarray, others: np.ndarray) -> float:
    size = float(np.square(values, dtype=np.float64).sum())
    return float(np.square(values - others, dtype=np.float64).sum()) / size if size else 0.0


def _cost(stored: list[ops.Linear], computed: list[ops.Linear], terms: Mapping[str, np.ndarray]) -> CompactCost:
    """Of the layers whose weights are stored, and of all that compute with them."""
    weights = sum(op.kernel.size for op in stored)
    macs = sum(op.macs for op in computed)
    units = sum(op.macs * float(terms[op.name].mean()) for op in computed)
    return CompactCost(
        weight_bits=_TERM_BITS * sum(op.kernel.fan_in * int(terms[op.name].sum()) for op in stored),
        weights=weights,
        energy_uj=units * TERM_UNIT.energy_pj * 1e-6,
        int8_energy_uj=macs * INT8_UNIT.energy_pj * 1e-6,
        float_energy_uj=macs * FLOAT_UNIT.energy_pj * 1e-6,
    )
