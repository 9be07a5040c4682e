"""Quantizers and constraints by what a layer is given: an alias, a class, a configuration or the thing itself."""

from __future__ import annotations

from collections.abc import Callable
from difflib import get_close_matches
from inspect import isclass
from typing import Any
from weakref import WeakSet

import keras

from larq_focal.nn.keras3 import weight_clip  # noqa: F401 (makes its name known)
from larq_focal.nn.keras3.flip_ratio import training_metrics
from larq_focal.nn.keras3.larq_quantizers import LarqQuantizer

_kernel_quantizers: WeakSet[keras.layers.Layer] = WeakSet()


def get_quantizer(identifier: Any) -> Callable[[Any], Any] | None:
    """The quantizer of an identifier, None for None.

    Args:
        identifier: An alias such as "ste_sign" or the name of a registered class, for a new quantizer with its
            defaults; a class; a configuration of ``keras.saving.serialize_keras_object``; a quantizer or a function.

    Raises:
        ValueError: It is none of these.
    """
    if identifier is None:
        return None
    if isinstance(identifier, dict):
        # Built by its layer, its weights have paths of their own: PyTorch loses all but one of a path.
        unbuilt = {key: value for key, value in identifier.items() if key != "build_config"}
        identifier = keras.saving.deserialize_keras_object(unbuilt)
    elif isinstance(identifier, str):
        identifier = _registered(identifier, "quantizer")
    if isclass(identifier):
        identifier = identifier()
    if callable(identifier):
        return identifier
    raise ValueError(f"A quantizer must be an alias such as 'ste_sign', a quantizer or a function, not {identifier!r}.")


def get_kernel_quantizer(identifier: Any) -> Callable[[Any], Any] | None:
    """The quantizer of an identifier, for one kernel alone: a second kernel gets a new one of the same configuration.

    A quantizer may keep a state for each weight, which two kernels cannot share.

    Raises:
        ValueError: As ``get_quantizer``.
    """
    quantizer = get_quantizer(identifier)
    if not isinstance(quantizer, keras.layers.Layer):
        return quantizer
    if quantizer in _kernel_quantizers:
        quantizer = type(quantizer).from_config({**quantizer.get_config(), "name": None})
    _kernel_quantizers.add(quantizer)
    if isinstance(quantizer, LarqQuantizer) and quantizer.metric_names is None:
        quantizer.metric_names = training_metrics()
    return quantizer


def get_constraint(identifier: Any) -> Callable[[Any], Any] | None:
    """The constraint of an identifier: as ``keras.constraints.get``, and by the name of a registered one too.

    Raises:
        ValueError: There is no such constraint.
    """
    if isinstance(identifier, str) and (registered := keras.saving.get_registered_object(identifier)):
        identifier = registered
    return keras.constraints.get(identifier)


def _registered(name: str, kind: str) -> Any:
    found = keras.saving.get_registered_object(name)
    if found is None:
        near = get_close_matches(name, keras.saving.get_custom_objects(), 3, 0.6)
        raise ValueError(
            f"There is no {kind} '{name}'" + (f": do you mean {', '.join(near)}?" if near else " that is registered.")
        )
    return found
