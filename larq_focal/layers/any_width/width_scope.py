"""The bit width that the parts of a network compute in."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from threading import local

MOST_BITS = 8
_scope = local()


@contextmanager
def width_scope(bits: int | None) -> Iterator[None]:
    """Inside, and in this thread, parts of any width compute in ``bits``; in their widest for None, as outside.

    The width is fixed where a function is traced: a compiled ``predict`` goes on in the width that it was traced in.
    :func:`larq_focal.training.with_bits` makes a network of one width.
    """
    before = getattr(_scope, "bits", None)
    _scope.bits = bits
    try:
        yield
    finally:
        _scope.bits = before


def present_width(owner: str, widths: Sequence[int]) -> int:
    """The place in ``widths`` of the width to compute in.

    Raises:
        ValueError: ``owner``, of these widths, does not have it.
    """
    bits = getattr(_scope, "bits", None)
    if bits is None:
        bits = max(widths)
    if bits not in widths:
        raise ValueError(f"{owner} has the widths {', '.join(map(str, widths))}, and cannot compute in {bits} bits.")
    return widths.index(bits)


def checked_widths(owner: str, widths: Sequence[int]) -> tuple[int, ...]:
    """The widths from the widest down.

    Raises:
        ValueError: There is none, one is not from 1 to 8, or one is there twice.
    """
    ordered = tuple(sorted(widths, reverse=True))
    if not ordered or len({*ordered}) < len(ordered) or not all(1 <= bits <= MOST_BITS for bits in ordered):
        raise ValueError(f"{owner}: widths must be different numbers from 1 to {MOST_BITS}, but are {tuple(widths)}.")
    return ordered
