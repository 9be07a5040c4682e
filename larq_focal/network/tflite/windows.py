"""How custom operators move their filters over an image: what is stated, against what comes out."""

from __future__ import annotations

from collections.abc import Iterable

from larq_focal.network.tflite.flat_model import FlatbufferError, Operator

_SAME, _VALID = 0, 1


def check_steps(operator: Operator, names: Iterable[str]) -> None:
    """Raises FlatbufferError where one of these options is not a whole number from 1 on."""
    for name in names:
        value = operator.options.get(name, "missing")
        if not isinstance(value, int) or value < 1:
            raise FlatbufferError(f"has the option {name} {value}")


def check_window(operator: Operator, before: tuple[int, ...], after: tuple[int, ...], sizes: tuple[int, int]) -> None:
    """Raises FlatbufferError where an image has another size after a filter of these sizes was moved over it."""
    options = operator.options
    if len(before) != 4 or len(after) != 4 or before[0] != after[0]:
        raise FlatbufferError(f"makes {list(after)} of {list(before)}")
    for axis, direction, size in zip((1, 2), ("height", "width"), sizes, strict=True):
        stride = options[f"stride_{direction}"]
        span = (size - 1) * options.get(f"dilation_{direction}_factor", 1) + 1
        padding = options.get("padding")
        if padding not in (_SAME, _VALID):
            raise FlatbufferError(f"has the option padding {padding}")
        expected = -(-before[axis] // stride) if padding == _SAME else (before[axis] - span) // stride + 1
        if expected < 1 or after[axis] != expected:
            raise FlatbufferError(f"makes {list(after)} of {list(before)}, which has {direction} {expected} after it")
