"""Which run wins at equal accuracy: the smallest and the fastest among those as accurate as the best binary one."""

from __future__ import annotations

from collections.abc import Sequence

from larq_focal.bench.records.schema import Record
from larq_focal.bench.records.texts import machine_text
from larq_focal.text import bytes_text, time_text


def is_binary(record: Record) -> bool:
    """Whether layers of the network were meant to be binary."""
    return any(layer["intended"] == "binary" for layer in record["audit"]["layers"])


def winner_text(records: Sequence[Record]) -> str | None:
    """One sentence on who wins at equal accuracy, whoever it is; None without a binary run and another one.

    A run is as accurate as another one unless its interval lies below it: 95 % confidence tells no difference.
    Latencies are compared on the machine on which the binary run was timed.
    """
    binary = [record for record in records if is_binary(record)]
    if not binary or len(binary) == len(records):
        return None
    best = max(binary, key=lambda record: record["accuracy"]["value"])
    equal = [record for record in records if record["accuracy"]["high"] >= best["accuracy"]["low"]]
    smallest = min(equal, key=lambda record: (record["file"]["bytes"], -record["accuracy"]["value"]))
    sizes = (bytes_text(record["file"]["bytes"]) for record in (smallest, best))
    sentence = f"At the accuracy of the best binary network, {_named(best)}, "
    sentence += _wins("its own file", f"the file of {_named(smallest)}", "smallest", smallest, best, *sizes)
    if timed := [record for record in equal if _is_timed_beside(record, best)]:
        fastest = min(timed, key=lambda record: record["timing"]["median_ms"])
        times = (time_text(record["timing"]["median_ms"]) for record in (fastest, best))
        sentence += ", and " + _wins("it", _named(fastest), "fastest", fastest, best, *times)
        sentence += ", a tie, as their times overlap" * (fastest is not best and _overlap(fastest, best))
    left = len(records) - len(equal)
    others = f"; {left} of {len(records)} runs {'is' if left == 1 else 'are'} less accurate" if left else ""
    return f"{sentence}{others}."


def _named(record: Record) -> str:
    kind = "" if is_binary(record) else ", not binary"
    return f"{record['title']} ({record['accuracy']['value']:.1%}{kind})"


def _wins(own: str, others: str, what: str, winner: Record, best: Record, figure: str, figure_of_best: str) -> str:
    if winner is best:
        return f"{own} is the {what} ({figure})"
    return f"{others} is the {what} ({figure} against {figure_of_best})"


def _overlap(faster: Record, slower: Record) -> bool:
    return slower["timing"]["min_ms"] <= faster["timing"]["p90_ms"]


def _is_timed_beside(record: Record, best: Record) -> bool:
    if not (record["timing"] and best["timing"]):
        return False
    machines = {machine_text(each["timing"]["machine"]) for each in (record, best)}
    return len(machines) == 1 and record["timing"]["threads"] == best["timing"]["threads"]
