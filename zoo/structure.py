"""Counts of a model's structure beside those that others publish."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from larq_focal.cost import LOW_MEMORY, CostSummary, summary, training_bytes
from larq_focal.network.keras.from_keras import from_keras
from larq_focal.nn import keras
from larq_focal.zoo.rows import Figure, ModelRow, Published

_BINARY_PER_WORD = 64
_BATCH = 100


@dataclass(frozen=True)
class Comparison:
    """One published count beside ours."""

    model: str
    published: Published
    ours: float

    @property
    def difference(self) -> float:
        """Ours over the published count, less 1."""
        return self.ours / self.published.value - 1

    @property
    def agrees(self) -> bool:
        return abs(self.difference) <= self.published.tolerance

    def to_dict(self) -> dict[str, Any]:
        """Plain values for JSON."""
        return {
            "model": self.model,
            "figure": self.published.figure,
            "ours": self.ours,
            "published": self.published.value,
            "difference": self.difference,
            "agrees": self.agrees,
            "source": self.published.source,
            "remark": self.published.remark,
        }


def compare(row: ModelRow) -> list[Comparison]:
    """Every published count of a model beside ours; builds the model at the size that was counted."""
    comparisons = []
    for published in row.published:
        model = row.build(**published.options)
        comparisons.append(Comparison(row.name, published, count(model, published.figure)))
        keras.backend.clear_session()
    return comparisons


def count(model: keras.Model, figure: Figure) -> float:
    """One count of a model's structure."""
    if figure == "parameters":
        return model.count_params()
    graph = from_keras(model)
    if figure == "training_saving":
        return training_bytes(graph, _BATCH) / training_bytes(graph, _BATCH, LOW_MEMORY)
    cost = summary(graph)
    if figure == "weights":
        return cost.weights
    if figure == "mebibytes":
        return cost.parameter_bytes / 2**20
    if figure == "megabytes":
        return cost.parameter_bytes / 1e6
    return _operations(cost, figure)


def _operations(cost: CostSummary, figure: Figure) -> float:
    if figure == "macs":
        return cost.macs
    if figure == "operations":
        return 2 * cost.macs
    binary = cost.macs_by_bits[1, 1]
    return cost.macs - binary + binary / _BINARY_PER_WORD
