"""What a user would take in place of a binary network, beside it in a study."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import get_args

from larq_focal.bench.study.trial import Point
from larq_focal.bench.suite import STOCK, STOCK_TITLES, Budget


def fair_points(point: Point) -> Iterator[Point]:
    """A float network, what tools make of it, and it in widths of equal bytes and latency, which are found later."""
    yield replace(point, title=f"{point.title}, float")
    yield replace(point, title=f"{point.title}, int8 (calibrated)", rest="int8")
    for form, title in STOCK_TITLES.items():
        yield replace(point, title=f"{point.title}, {title}", rest=f"{STOCK}{form}")
    for budget in get_args(Budget):
        for title, rest in (("float", "float"), ("int8", "int8")):
            yield replace(point, title=f"{point.title}, {title} of equal {budget}", rest=rest, equal=budget)
