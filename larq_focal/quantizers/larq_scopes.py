"""A guard against two faults of Larq 0.14 in its scopes.

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
class _Patch:
    before: Any
    entered: int = 0


_lock = Lock()
_patches: dict[tuple[int, str], _Patch] = {}


@contextmanager
def patch_object(object: Any, name: str, value: Any) -> Iterator[None]:
    """``larq.utils.patch_object``, left in every case: the first to enter sets the attribute, the last resets it.

    Where a quantizer stores a weight, a replica waits inside the layer's call until the others have come there too.
    Larq gives an attribute always the same temporary value, so that all of them can share it.
    """
    key = (id(object), name)
    with _lock:
        patch = _patches.setdefault(key, _Patch(getattr(object, name)))
        patch.entered += 1
        setattr(object, name, value)
    try:
        yield
    finally:
        with _lock:
            patch.entered -= 1
            if not patch.entered:
                del _patches[key]
                setattr(object, name, patch.before)


def guard_larq_scopes() -> None:
    """Puts the two scopes of this module in the place of Larq's."""
    larq.context.quantized_scope = quantized_scope
    larq.utils.patch_object = patch_object
