"""Reading quantizers: one row per class. What a quantizer does to activations becomes operations."""

from __future__ import annotations

from collections.abc import Callable
from functools import singledispatch
from typing import Any

import numpy as np

from larq_focal.keras import keras, larq
from larq_focal.network import ops
from larq_focal.network.keras_builder import LayerCall

Quantizer = Callable[[Any], Any]


def quantizer_name(quantizer: Quantizer | None) -> str:
    """The alias under which a quantizer is registered, else the name of its class or function; "" for None."""
    if quantizer is None:
        return ""
    if not isinstance(quantizer, keras.layers.Layer):
        return getattr(quantizer, "__name__", type(quantizer).__name__)
    registered = keras.utils.get_custom_objects().items()
    aliases = (name for name, cls in registered if cls is type(quantizer) and name != cls.__name__)
    return next(aliases, type(quantizer).__name__)


def precision(quantizer: Quantizer | None) -> int | None:
    """The bits that a quantizer claims to produce."""
    return getattr(quantizer, "precision", None)


def is_quantizer(function: Any) -> bool:
    """Whether ``function``, found as an activation, is a quantizer."""
    return isinstance(function, larq.quantizers.Quantizer) or precision(function) is not None


@singledispatch
def read_quantizer(quantizer: Quantizer, call: LayerCall, value: str, part: str = "") -> str:
    """Adds what ``quantizer`` does to the activations ``value`` and returns the name of the result."""
    return call.add(ops.Unknown, value, part=part, kind=f"quantizer {quantizer_name(quantizer)}")


@read_quantizer.register(larq.quantizers.SteSign)
@read_quantizer.register(larq.quantizers.ApproxSign)
@read_quantizer.register(larq.quantizers.SwishSign)
def _(quantizer, call, value, part=""):
    return call.add(ops.Binarize, value, part=part, threshold=np.float32(0))


@read_quantizer.register
def _(quantizer: larq.quantizers.NoOp, call, value, part=""):
    return value
