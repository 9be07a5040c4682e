"""A latent kernel that knows its quantizer, and the scope in which it is read quantized."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from threading import local
from typing import Any

import keras

_scope = local()


def is_quantized_scope() -> bool:
    """Whether latent kernels are read as their quantized values."""
    return getattr(_scope, "quantize", False)


@contextmanager
def quantized_scope(quantize: bool) -> Iterator[bool]:
    """Inside, quantized kernels are read quantized (True) or latent (False, as everywhere else), in this thread.

    It says what ``model.get_weights()`` returns and what ``model.save`` and ``model.save_weights`` store. What a layer
    computes does not depend on it. The scope is left in every case, errors included.
    """
    before = is_quantized_scope()
    _scope.quantize = quantize
    try:
        yield quantize
    finally:
        _scope.quantize = before


class QuantizedVariable(keras.Variable):
    """A variable of latent weights, trained as any other; ``quantized_scope(True)`` reads them quantized.

    It is not cast by mixed precision: a quantizer must see the sign of a weight that a shorter type would round to 0.

    Args:
        *args: As for ``keras.Variable``.
        quantizer: Takes the latent weights and returns the quantized ones, of the same shape.
        **kwargs: As for ``keras.Variable``.
    """

    def __init__(self, *args: Any, quantizer: Callable[[Any], Any], **kwargs: Any):
        self.quantizer = quantizer
        super().__init__(*args, **{**kwargs, "autocast": False})

    @property
    def precision(self) -> int | None:
        """Bits of the quantized weights, None where the quantizer does not say."""
        return getattr(self.quantizer, "precision", None)

    @property
    def value(self):
        latent = keras.Variable.value.fget(self)  # TorchDynamo cannot follow super() here
        return self.quantizer(latent) if is_quantized_scope() else latent

    @property
    def latent(self):
        """The latent weights as a tensor, in every scope."""
        with quantized_scope(False):
            return keras.ops.convert_to_tensor(self)

    def assign(self, value):
        """Sets the latent weights, in every scope."""
        value = keras.ops.convert_to_tensor(value)
        with quantized_scope(False):
            return super().assign(value)
