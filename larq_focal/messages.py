"""Text of others in messages of ours: on one line, and short."""

from __future__ import annotations

_LONGEST = 300


def short(text: object, longest: int = _LONGEST) -> str:
    """``str(text)`` without line breaks and control characters, cut in the middle to ``longest`` characters."""
    try:
        whole = str(text)
    except ValueError:  # Python writes no whole number of more than 4,300 digits
        return "a number of thousands of digits"
    kept = whole[: longest * 20]  # a message of megabytes is not worth a pass over all of it
    line = " ".join("".join(c if c.isprintable() else " " for c in kept).split())
    if len(line) <= longest and len(kept) == len(whole):
        return line
    half = (longest - 5) // 2
    return f"{line[:half]} ... {line[-half:]}"


def shown(value: object, longest: int = 60) -> str:
    """``repr(value)``, as :func:`short` has it."""
    try:
        return short(repr(value), longest)
    except (ValueError, RecursionError):
        return f"a {type(value).__name__} of more than can be shown"
