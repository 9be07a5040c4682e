"""Networks compared by accuracy and one cost: those that no other beats, the best, and the knee."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from larq_focal.bench.study.cost import COSTS, Cost
from larq_focal.bench.study.point_summary import PointSummary
from larq_focal.report.pareto import pareto_front
from larq_focal.text import UNKNOWN

_ROUNDING = 1e-9


@dataclass(frozen=True)
class Comparison:
    """The points of a study, and the key of the cost that their accuracy is set against."""

    points: Sequence[PointSummary]
    key: str

    @property
    def cost(self) -> Cost:
        return COSTS[self.key]

    def cost_of(self, point: PointSummary) -> float | None:
        return point.costs[self.key]

    def cost_text(self, point: PointSummary) -> str:
        """The cost of a point as text."""
        cost = self.cost_of(point)
        return UNKNOWN if cost is None else self.cost.text(cost)

    @property
    def front(self) -> list[PointSummary]:
        """The points that no other dominates in accuracy and cost, by rising cost."""
        known = [point for point in self.points if self.cost_of(point) is not None]
        costs = [float(self.cost_of(point) or 0) for point in known]
        return [known[i] for i in pareto_front(costs, [point.accuracy for point in known])]

    @property
    def best(self) -> PointSummary:
        """The most accurate point; of equals the one that costs less."""
        return max(self.points, key=lambda point: (point.accuracy, -(self.cost_of(point) or math.inf)))

    @property
    def knee(self) -> PointSummary | None:
        """The point of the front that is farthest above the line between its ends, over the logarithm of the cost.

        None where the front has fewer than three points. Satopää, Albrecht, Irwin and Raghavan, "Finding a Kneedle in a
        Haystack", ICDCS workshops 2011.
        """
        front = self.front
        if len(front) < 3 or min(self.cost_of(point) or 0 for point in front) <= 0:
            return None
        costs = [math.log(self.cost_of(point) or 1) for point in front]
        values = [point.accuracy for point in front]
        width, height = costs[-1] - costs[0], values[-1] - values[0]
        if not width or not height:
            return None
        above = [
            (value - values[0]) / height - (cost - costs[0]) / width for cost, value in zip(costs, values, strict=True)
        ]
        farthest = max(range(len(front)), key=above.__getitem__)
        return front[farthest] if above[farthest] > _ROUNDING else None
