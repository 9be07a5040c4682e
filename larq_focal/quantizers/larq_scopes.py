"""A guard against a fault of Larq 0.14: its scopes stay entered where an error or Ctrl-C leaves them.

After an exception in a layer's call, Larq would hand out binarized weights for latent ones, so that ``model.save``
would store them, and the layer would have lost its padding.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
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


@contextmanager
def patch_object(object: Any, name: str, value: Any) -> Iterator[None]:
    """``larq.utils.patch_object``, left in every case."""
    before = getattr(object, name)
    setattr(object, name, value)
    try:
        yield
    finally:
        setattr(object, name, before)


def guard_larq_scopes() -> None:
    """Puts the two scopes of this module in the place of Larq's."""
    larq.context.quantized_scope = quantized_scope
    larq.utils.patch_object = patch_object
