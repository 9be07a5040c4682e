"""Layers, quantizers and their parts: configurations of Keras 2 as such of Keras 3."""

from __future__ import annotations

import inspect
from typing import Any

from larq_focal.messages import short
from larq_focal.network.keras.errors import MigrationError
from larq_focal.network.keras.keras3.harmless import CODE
from larq_focal.nn import keras
from larq_focal.nn.keras3 import activation_functions

_OTHER_NAMES = {"BatchNormalizationV1": "BatchNormalization", "BatchNormalizationV2": "BatchNormalization"}
_OTHER_KEYS = {"LeakyReLU": {"alpha": "negative_slope"}, "InputLayer": {"batch_input_shape": "batch_shape"}}
"""Arguments that Keras 3 calls otherwise, by class."""
_WITHOUT_EFFECT = {"batch_input_shape", "implementation", "fused", "ragged", "experimental_autocast"}
"""Arguments that Keras 3 does not have, and that change nothing of what a layer computes."""
_UNUSED = {
    name: {f"kernel_{part}" for part in ("initializer", "regularizer", "constraint")} | {"filters"}
    for name in ("DepthwiseConv1D", "DepthwiseConv2D", "QuantDepthwiseConv2D")
} | {
    name: {f"kernel_{part}" for part in ("initializer", "regularizer", "constraint")}
    for name in ("SeparableConv1D", "SeparableConv2D", "QuantSeparableConv1D", "QuantSeparableConv2D")
}
"""Arguments that a class of Keras 2 writes down from its base and does not use."""
_NONE = (None, False, [], {}, 1)
"""Values of an argument that stand for its absence."""


def translated_object(item: dict, owner: str) -> dict:
    """A layer, a quantizer or another part, in the form of Keras 3.

    Args:
        item: its class and configuration, as Keras 2 writes them.
        owner: the layer that it belongs to, for messages.

    Raises:
        MigrationError: Keras 3 has no such class, or not one of its arguments.
    """
    name = item.get("class_name")
    config = item.get("config") or {}
    if not isinstance(name, str) or not isinstance(config, dict):
        raise MigrationError(f"'{owner}' holds something that is not a part of a Keras model: {short(repr(item), 80)}.")
    name = _OTHER_NAMES.get(name, name)
    owner = config.get("name", owner) if isinstance(config.get("name"), str) else owner
    if name in CODE:
        raise MigrationError(
            f"'{owner}' {CODE[name]}, which is not translated. Use a layer of your own, and save the model again."
        )
    cls, home = _class_of(name, owner)
    config = _arguments(cls, name, config, owner)
    return {"module": home, "class_name": cls.__name__, "config": config, "registered_name": None if home else name}


def _class_of(name: str, owner: str) -> tuple[type, str | None]:
    """The class of that name, and the module of Keras that it is in; None for a registered one."""
    registered = keras.saving.get_custom_objects().get(name)
    if inspect.isclass(registered):
        return registered, None
    for home in ("layers", "initializers", "regularizers", "constraints"):
        found = getattr(getattr(keras, home), name, None)
        if inspect.isclass(found):
            return found, f"keras.{home}"
    raise MigrationError(
        f"'{owner}' needs the class '{short(name, 60)}', which Keras 3 does not have. If it is your own, import the "
        "module that registers it for Keras 3, with larq_focal.import_objects(MODULE) (--import MODULE)."
    )


def _arguments(cls: type, name: str, config: dict, owner: str) -> dict[str, Any]:
    accepted, others, unused = _accepted(cls), _OTHER_KEYS.get(name, {}), _UNUSED.get(name, set())
    arguments: dict[str, Any] = {}
    for key, value in config.items():
        key = others.get(key, key)
        is_accepted = key in accepted or (key.endswith("_quantizer") and cls.__module__.partition(".")[0] != "keras")
        if is_accepted and key not in unused:
            arguments[key] = _translated_value(key, value, owner)
        elif key not in _WITHOUT_EFFECT | unused and not any(value is none or value == none for none in _NONE):
            raise MigrationError(f"'{owner}' ({name}) has {key}={short(repr(value), 40)}, which Keras 3 does not have.")
    if name == "BatchNormalization":
        arguments["axis"] = _only_axis(config.get("axis", -1), owner)
    return arguments


def _accepted(cls: type) -> set[str]:
    """The arguments of a class, those of its bases too where it hands them on."""
    names: set[str] = set()
    for base in cls.__mro__:
        if "__init__" in vars(base) and base is not object:
            parameters = inspect.signature(base.__init__).parameters.values()
            names.update(each.name for each in parameters if each.kind not in (each.VAR_KEYWORD, each.VAR_POSITIONAL))
            if not any(each.kind is each.VAR_KEYWORD for each in parameters):
                break
    return names - {"self"}


def _only_axis(axis: Any, owner: str) -> int:
    axes = axis if isinstance(axis, list) else [axis]
    if len(axes) != 1 or not isinstance(axes[0], int):
        raise MigrationError(f"'{owner}' normalizes over the axes {short(repr(axis), 40)}, and Keras 3 over one.")
    return axes[0]


def _translated_value(key: str, value: Any, owner: str) -> Any:
    if key == "dtype":
        return _policy(value)
    if "activation" in key and key != "activity_regularizer":
        return _activation(value, owner)
    if isinstance(value, dict) and "class_name" in value:
        return translated_object(value, owner)
    return value


def _policy(value: Any) -> Any:
    """The name of a type, or of a policy of mixed precision."""
    if isinstance(value, dict) and isinstance(value.get("config"), dict):
        return value["config"].get("name")
    return value


def _activation(value: Any, owner: str) -> Any:
    if isinstance(value, dict) and value.get("class_name") == "function":
        value = value.get("config")
    if isinstance(value, dict):
        return translated_object(value, owner)
    if value is None or not isinstance(value, str):
        return value
    if value in activation_functions.OF_KERAS_2:
        registered = activation_functions.OF_KERAS_2[value]
        return {"module": None, "class_name": "function", "config": registered, "registered_name": None}
    if not hasattr(keras.activations, value) and keras.saving.get_registered_object(value) is None:
        raise MigrationError(f"'{owner}' has the activation '{short(value, 60)}', which Keras 3 does not have.")
    return value
