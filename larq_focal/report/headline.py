"""The cards on top of a report: the best runs, each in one figure and a sentence."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from larq_focal.bench.records.texts import machine_text
from larq_focal.report.runs import Run
from larq_focal.text import bytes_text, time_text


@dataclass(frozen=True)
class Card:
    """``value`` in large, ``about`` below it, and the run that it is about, if it is about one."""

    name: str
    value: str
    about: str
    run: Run | None


def headline_cards(runs: Sequence[Run]) -> list[Card]:
    """What a reader asks first: most accurate, smallest, fastest, and what fits the sensor."""
    return [_most_accurate(runs), _smallest(runs), _fastest(runs), _on_the_sensor(runs)]


def _most_accurate(runs: Sequence[Run]) -> Card:
    best = max(runs, key=lambda run: run.accuracy)
    accuracy = best.record["accuracy"]
    rivals = sum(run.record["accuracy"]["high"] >= accuracy["low"] for run in runs) - 1
    about = (
        f"{_share(accuracy['low'])} to {_share(accuracy['high'])} at 95 % confidence on {accuracy['total']:,} images"
    )
    if rivals:
        about += f"; a tie with {_others(rivals)}, whose intervals overlap with it"
    return Card("Most accurate", _share(accuracy["value"]), about, best)


def _smallest(runs: Sequence[Run]) -> Card:
    counted = [run for run in runs if not run.is_least_count]
    if not counted:
        return Card("Smallest", "not known", "no run has all of its parameters counted", None)
    best = _least(counted, lambda run: run.parameter_bytes)
    times = best.record["cost"]["totals"]["float32_bytes"] / max(best.parameter_bytes, 1)
    about = f"of parameters, {times:.1f} times less than in float32; {_share(best.accuracy)} accurate"
    if equals := sum(run.parameter_bytes == best.parameter_bytes for run in counted) - 1:
        about += f"; a tie with {_others(equals)} of the same size"
    return Card("Smallest", bytes_text(best.parameter_bytes), about, best)


def _fastest(runs: Sequence[Run]) -> Card:
    timed = [run for run in runs if run.latency_ms is not None]
    if not timed:
        return Card("Fastest", "none", "no run was timed", None)
    best = _least(timed, lambda run: run.latency_ms)
    place = _machine(best)
    about = f"at the median on {place}; {_share(best.accuracy)} accurate"
    slowest = best.record["timing"]["p90_ms"]
    rivals = sum(_machine(run) == place and run.record["timing"]["min_ms"] <= slowest for run in timed) - 1
    if rivals:
        about += f"; a tie with {_others(rivals)}, whose times overlap with it"
    if disturbed := sum(bool(run.record["timing"]["notes"]) for run in timed):
        about += f". {disturbed} of {len(timed)} timings were disturbed: do not rely on the order"
    return Card("Fastest", time_text(best.latency_ms), about, best)


def _on_the_sensor(runs: Sequence[Run]) -> Card:
    judged = [run for run in runs if run.verdict]
    if not judged:
        return Card("On the sensor", "none", "the register fit was not judged", None)
    sensor = judged[0].record["fit"]["sensor"]
    fitting = [run for run in judged if run.verdict.startswith("FIT")]
    count = f"{len(fitting)} of {len(judged)}"
    if fitting:
        best = max(fitting, key=lambda run: run.accuracy)
        return Card("On the sensor", count, f"fit {sensor}; the best of them is {_share(best.accuracy)} accurate", best)
    best = max(judged, key=lambda run: run.accuracy)
    change = best.record["fit"]["smallest_change"]
    about = f"fit {sensor}" + (f"; smallest change: {change}" if change else "")
    return Card("On the sensor", count, about, best)


def _machine(run: Run) -> str:
    return machine_text(run.record["timing"]["machine"])


def _others(count: int) -> str:
    return "1 other" if count == 1 else f"{count} others"


def _least(runs: Sequence[Run], cost: Callable[[Run], float]) -> Run:
    """The run of least cost; among equals the most accurate."""
    return min(runs, key=lambda run: (cost(run), -run.accuracy))


def _share(value: float) -> str:
    return f"{100 * value:.1f}\u00a0%"
