"""The answer of a study in sentences."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

from larq_focal.bench.study.comparison import Comparison
from larq_focal.bench.study.cost import COSTS
from larq_focal.bench.study.point_summary import PointSummary
from larq_focal.text import counted


def answer_text(compared: Comparison) -> str:
    """The most accurate network, those that tie with it, and the knee, in a sentence or two."""
    best = compared.best
    ties = [point for point in compared.points if point is not best and point.ties_with(best)]
    text = f"Most accurate is “{best.title}”: {best.accuracy_text} %{_at_cost(compared, best)}"
    if ties:
        cheapest = min([best, *ties], key=lambda point: compared.cost_of(point) or math.inf)
        text += f"; {counted(len(ties), 'other')} cannot be told from it by these seeds"
        if cheapest is not best:
            text += f", of which “{cheapest.title}” costs least ({compared.cost_text(cheapest)})"
    knee = compared.knee
    if knee is not None and knee is not best:
        text += f". The knee is “{knee.title}”: {knee.accuracy_text} %{_at_cost(compared, knee)}"
        text += f", {100 * (best.accuracy - knee.accuracy):.2f} points below the best"
        if compared.cost_of(best) is not None:
            ratio = (compared.cost_of(best) or 0) / (compared.cost_of(knee) or 1)
            text += f" at 1/{ratio:.1f} of its {compared.cost.title}"
    return f"{text}."


def winner_text(points: Sequence[PointSummary]) -> str | None:
    """Which network wins at equal accuracy, whichever it is; None without binary networks and others.

    As accurate as the most accurate binary network is one that reaches its mean with a seed at least: of those the
    sentence names the one with the smallest file, and the fastest.
    """
    binary = [point for point in points if point.is_binary]
    if not binary or len(binary) == len(points):
        return None
    best = max(binary, key=lambda point: point.accuracy)
    equal = [point for point in points if point is best or max(point.accuracies) >= best.accuracy]
    text = f"At the accuracy of the best binary network, {_named(best)}, "
    text += ", and ".join(_winners(equal, best))
    left = len(points) - len(equal)
    others = f"; {left} of {len(points)} networks {'is' if left == 1 else 'are'} less accurate" if left else ""
    return f"{text}{others}."


def missing_text(missing: Mapping[str, Sequence[int]]) -> str | None:
    """Which trials are missing, by title with their seeds; None where all are there."""
    if not missing:
        return None
    rows = [
        f"{title} (seed{'s' if len(seeds) > 1 else ''} {', '.join(map(str, seeds))})"
        for title, seeds in missing.items()
    ]
    return f"Missing: {'; '.join(rows)}."


def _at_cost(compared: Comparison, point: PointSummary) -> str:
    return f" at {compared.cost_text(point)} of {compared.cost.title}" if compared.cost_of(point) is not None else ""


def _winners(equal: Sequence[PointSummary], best: PointSummary) -> list[str]:
    """Who among ``equal`` has the smallest file, and who is fastest, where that of the best binary one is known."""
    won: dict[str, list[str]] = {}
    for key, what in (("file_bytes", "smaller"), ("latency_ms", "faster")):
        if best.costs[key] is not None:
            known = [point for point in equal if point.costs[key] is not None]
            winner = min(known, key=lambda point: (point.costs[key], point is not best))
            theirs, ours = (COSTS[key].text(float(point.costs[key] or 0)) for point in (winner, best))
            figures = ours if winner is best else f"{theirs} against {ours}"
            name = "no other" if winner is best else _named(winner)
            won.setdefault(name, []).append(f"{what} ({figures})")
    return [
        f"{name} is {' and '.join(parts) if name != 'no other' else ' or '.join(parts)}" for name, parts in won.items()
    ]


def _named(point: PointSummary) -> str:
    kind = "" if point.is_binary else ", not binary"
    return f"“{point.title}” ({100 * point.accuracy:.2f} %{kind})"
