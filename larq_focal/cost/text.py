"""Counts, bytes, times and accuracies as short text."""

from __future__ import annotations

from collections.abc import Mapping


def count_text(count: float) -> str:
    """Three digits with a decimal unit: 999, 1.23 k, 45.6 M, 1.00 G."""
    return _scaled(count, 1000, ("", " k", " M", " G", " T", " P"))


def bytes_text(count: float) -> str:
    """Three digits with a binary unit: 999 B, 1.23 KiB, 45.6 MiB."""
    return _scaled(count, 1024, (" B", " KiB", " MiB", " GiB", " TiB", " PiB"))


def at_least(is_least: bool) -> str:
    """What stands before a total that is a least value."""
    return "at least " if is_least else ""


def time_text(milliseconds: float) -> str:
    """Three digits with a unit: 12.3 µs, 456 µs, 1.23 ms."""
    return _scaled(1000 * milliseconds, 1000, (" µs", " ms", " s"), always_three_digits=True)


def accuracy_text(accuracy: Mapping[str, float]) -> str:
    """A record's accuracy with its interval of confidence: 98.76% (98.5% to 99.0%)."""
    return f"{accuracy['value']:.2%} ({accuracy['low']:.1%} to {accuracy['high']:.1%})"


def _scaled(count: float, base: int, units: tuple[str, ...], always_three_digits: bool = False) -> str:
    size, unit = float(count), 0
    while abs(size) >= 999.5 and unit < len(units) - 1:
        size, unit = size / base, unit + 1
    is_whole = unit == 0 and not always_three_digits
    digits = 0 if is_whole or abs(size) >= 99.95 else 1 if abs(size) >= 9.995 else 2
    return f"{size:.{digits}f}{units[unit]}"
