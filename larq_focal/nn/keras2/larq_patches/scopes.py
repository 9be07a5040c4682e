"""Larq's scopes without two faults that they have in Larq 0.14.

They stay entered where an error or Ctrl-C leaves them. After an exception in a layer's call, Larq would hand out
binarized weights for latent ones, so that ``model.save`` would store them, and the layer would have lost its padding.

And replicas of ``tf.distribute`` in the same layer take each other's temporary padding for the layer's own.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from threading import Lock
from typing import Any

from larq_focal.keras import larq


@contextmanager
def quantized_scope(quantize: bool) -> Iterator[bool]:
    """``larq.context.quantized_scope``, left in every case."""
    scope, before = larq.context._quantized_scope, larq.context.should_quantize()
    scope.should_quantize = quantize
    try:
        yield quantize
    finally:
        scope.should_quantize = before


@dataclass
class _Entered:
    before: Any
    times: int = 0


_lock = Lock()
_entered: dict[tuple[int, str], _Entered] = {}


@contextmanager
def patch_object(object: Any, name: str, value: Any) -> Iterator[None]:
    """``larq.utils.patch_object``, left in every case: the first to enter sets the attribute, the last resets it.

    Where a quantizer stores a weight, a replica waits inside the layer's call until the others have come there too.
    Larq gives an attribute always the same temporary value, so that all of them can share it.
    """
    key = (id(object), name)
    with _lock:
        scope = _entered.setdefault(key, _Entered(getattr(object, name)))
        scope.times += 1
        setattr(object, name, value)
    try:
        yield
    finally:
        with _lock:
            scope.times -= 1
            if not scope.times:
                del _entered[key]
                setattr(object, name, scope.before)
