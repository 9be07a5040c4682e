"""Numbers and their units as text: the one spelling of tables, messages, reports and cards.

Exact counts have commas (8,742). Quantities have three digits and a unit (1.23 k, 45.6 KiB, 27.7 µs); in a column all
are in one unit, which stands in the heading.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

Scale = tuple[tuple[str, float], ...]
"""Units from the smallest to the largest, each with its size in the unit that values come in."""

COUNT: Scale = (("", 1), ("k", 1e3), ("M", 1e6), ("G", 1e9), ("T", 1e12), ("P", 1e15))
BYTES: Scale = (("B", 1), ("KiB", 2**10), ("MiB", 2**20), ("GiB", 2**30), ("TiB", 2**40), ("PiB", 2**50))
MILLISECONDS: Scale = (("µs", 1e-3), ("ms", 1), ("s", 1e3))
MICROSECONDS: Scale = (("µs", 1), ("ms", 1e3), ("s", 1e6))
MICROJOULES: Scale = (("µJ", 1), ("mJ", 1e3), ("J", 1e6))

UNKNOWN = "unknown"
_MOST_IN_A_UNIT = 10_000


def count_text(count: float) -> str:
    """Three digits with a decimal unit: 999, 1.23 k, 45.6 M, 1.00 G."""
    return _three_digits(count, COUNT, keeps_whole=True)


def bytes_text(count: float) -> str:
    """Three digits with a binary unit: 999 B, 1.23 KiB, 45.6 MiB."""
    return _three_digits(count, BYTES, keeps_whole=True)


def at_least(is_least: bool) -> str:
    """What stands before a total that is a least value."""
    return "at least " if is_least else ""


def time_text(milliseconds: float) -> str:
    """Three digits with a unit: 12.3 µs, 456 µs, 1.23 ms."""
    return _three_digits(milliseconds, MILLISECONDS)


def energy_text(microjoules: float) -> str:
    """Three digits with a unit: 12.3 µJ, 1.23 mJ."""
    return _three_digits(microjoules, MICROJOULES)


def accuracy_text(accuracy: Mapping[str, float]) -> str:
    """A record's accuracy with its interval of confidence: 98.76% (98.5% to 99.0%)."""
    return f"{accuracy['value']:.2%} ({accuracy['low']:.1%} to {accuracy['high']:.1%})"


def counted(count: int, noun: str) -> str:
    """1 plane, 2 planes, 1,024 planes."""
    return f"{count:,} {noun}{'s' if count != 1 else ''}"


def shape_text(shape: Iterable[int]) -> str:
    """28x28x16."""
    return "x".join(map(str, shape))


def in_one_unit(values: Iterable[float | None], scale: Scale, *, largest: float | None = None) -> tuple[str, list[str]]:
    """A column of quantities: the smallest unit in which all stay below 10,000, and each value in it.

    Args:
        values: quantities in the unit whose size in ``scale`` is 1; None for those that are not known.
        scale: the units there are.
        largest: the value that decides the unit; by default the largest one.

    Returns:
        The unit for the heading, and the values: whole ones as they are where that unit is 1, else with two decimals,
        or with one where there are values of 1,000 and more.
    """
    values = list(values)
    if largest is None:
        largest = max((abs(value) for value in values if value is not None), default=0)
    unit, size = next(((unit, size) for unit, size in scale if largest < _MOST_IN_A_UNIT * size), scale[-1])
    is_whole = size == 1 and all(float(value).is_integer() for value in values if value is not None)
    digits = 0 if is_whole else 1 if largest >= 999.5 * size else 2
    return unit, [UNKNOWN if value is None else _decimal(value / size, digits) for value in values]


def _decimal(value: float, digits: int) -> str:
    least = 10**-digits
    return f"<{least}" if 0 < abs(value) < least / 2 else f"{value:,.{digits}f}"


def _three_digits(value: float, scale: Scale, keeps_whole: bool = False) -> str:
    index = next((i for i, (_, size) in enumerate(scale) if abs(value) < 999.5 * size), len(scale) - 1)
    unit, size = scale[index]
    shown = value / size
    is_whole = keeps_whole and index == 0
    digits = 0 if is_whole or abs(shown) >= 99.95 else 1 if abs(shown) >= 9.995 else 2
    return f"{shown:.{digits}f} {unit}".rstrip()
