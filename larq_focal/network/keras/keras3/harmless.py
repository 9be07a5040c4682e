"""What the configuration of a model of Keras 3 may name."""

from __future__ import annotations

import inspect
from functools import cache
from importlib import import_module

import keras

from larq_focal.nn.keras3 import larq_quantizers, quantized_layers, weight_clip

LARQ = (quantized_layers, larq_quantizers, weight_clip)
"""Where the names are that Larq has too."""

VALUES = frozenset(("__keras_tensor__", "__slice__", "__ellipsis__", "__tensor__", "__numpy__", "__bytes__"))
"""Marks of plain values."""

CODE = {
    "Lambda": "is a Lambda layer, which holds Python code",
    "__lambda__": "is a Python function, whose code stands in the file",
    "__typespec__": "names a class of any module",
    "TFSMLayer": "runs the graph of another file",
    "TorchModuleWrapper": "is a pickled module of torch, which holds Python code",
    "JaxLayer": "may hold Python code",
    "FlaxLayer": "may hold Python code",
}
"""What holds or runs code, and how."""

_OPERATIONS = tuple(f"keras.src.ops.{name}" for name in ("core", "einops", "image", "linalg", "math", "nn", "numpy"))


def operation_fault(item: dict) -> str | None:
    """ "" of an operation of ``keras.ops``, all of which only compute; None where ``item`` is not an operation."""
    module, name = item.get("module"), item["class_name"]
    if module not in _OPERATIONS or item.get("registered_name") not in (None, name):
        return None
    found = vars(import_module(module)).get(name)
    return "" if inspect.isclass(found) and issubclass(found, keras.Operation) else None


@cache
def public_classes() -> frozenset[str]:
    """Names of what may be made: public layers and their parts, and models."""
    homes = (keras.layers, keras.initializers, keras.regularizers, keras.constraints, keras.dtype_policies)
    training = (keras.losses, keras.metrics, keras.optimizers, keras.optimizers.schedules)
    classes = {name for home in (*homes, *training) for name in vars(home) if name[0].isupper()}
    return frozenset((classes | {"Functional", "Sequential", "Model"}) - set(CODE))


@cache
def public_functions() -> frozenset[str]:
    homes = (keras.activations, keras.initializers, keras.regularizers, keras.constraints, keras.losses, keras.metrics)
    names = {name for home in (*homes, keras.ops) for name in vars(home) if not name.startswith("_")}
    return frozenset(names - {"deserialize", "serialize", "get"})
