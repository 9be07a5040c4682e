"""Functions of TensorFlow between the layers of Keras 2 as operations of ``keras.ops``."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from larq_focal.messages import short
from larq_focal.network.keras.errors import MigrationError

_NUMPY, _NN, _CORE = "keras.src.ops.numpy", "keras.src.ops.nn", "keras.src.ops.core"

_OF_TWO = {
    **dict.fromkeys(("math.add", "__operators__.add"), "Add"),
    **dict.fromkeys(("math.subtract", "__operators__.subtract"), "Subtract"),
    **dict.fromkeys(("math.multiply", "__operators__.multiply"), "Multiply"),
    **dict.fromkeys(("math.truediv", "math.divide", "__operators__.truediv"), "TrueDivide"),
    "math.maximum": "Maximum",
    "math.minimum": "Minimum",
    "math.pow": "Power",
    "math.greater": "Greater",
    "math.greater_equal": "GreaterEqual",
    "math.less": "Less",
    "math.less_equal": "LessEqual",
}
_OF_ONE = {
    "nn.relu": (_NN, "Relu"),
    "nn.relu6": (_NN, "Relu6"),
    "nn.silu": (_NN, "Silu"),
    "math.sigmoid": (_NN, "Sigmoid"),
    "math.tanh": (_NUMPY, "Tanh"),
    "math.abs": (_NUMPY, "Absolute"),
    "math.square": (_NUMPY, "Square"),
    "math.sqrt": (_NUMPY, "Sqrt"),
    "math.negative": (_NUMPY, "Negative"),
    "math.floor": (_NUMPY, "Floor"),
    "math.sign": (_NUMPY, "Sign"),
    "math.exp": (_NUMPY, "Exp"),
    "stop_gradient": (_CORE, "StopGradient"),
}
_REDUCTIONS = {"math.reduce_mean": "Mean", "math.reduce_max": "Max", "math.reduce_min": "Min", "math.reduce_sum": "Sum"}

Call = tuple[list, dict[str, Any]]
"""What an operation is called on, and its settings."""


def translated_operation(function: str, first: Any, keywords: dict[str, Any], name: str) -> tuple[str, str, Call]:
    """The module and the class of an operation, and its call.

    Args:
        function: what TensorFlow calls it.
        first: its first argument: a tensor, or a list of tensors.
        keywords: its other arguments.
        name: of the operation, for messages.

    Raises:
        MigrationError: there is no counterpart.
    """
    function = function.removeprefix("compat.v1.")
    others = {key: value for key, value in keywords.items() if key != "name" and value is not None}
    if function in _OF_TWO and set(others) == {"y"}:
        return _NUMPY, _OF_TWO[function], ([first, others["y"]], {})
    if function in _OF_ONE and not others:
        return *_OF_ONE[function], ([first], {})
    translate = _OTHERS.get(function)
    try:
        if function in _REDUCTIONS:
            settings = {"axis": others.pop("axis", None), "keepdims": others.pop("keepdims", False)}
            found = _NUMPY, _REDUCTIONS[function], ([first], settings)
        else:
            found = translate(first, others)
    except (KeyError, TypeError):  # an argument is missing, or there is no such function
        found = None
    if found is None or others:
        given = "".join(f", {key}={short(repr(value), 30)}" for key, value in others.items())
        raise MigrationError(
            f"'{name}' calls TensorFlow's {short(function, 60)}(x{given}) between the layers, which is not translated. "
            "Replace it by a layer, or by a function that is translated, and save the model again."
        )
    return found


def _clip(x, others):
    limits = {"x_min": others.pop("clip_value_min"), "x_max": others.pop("clip_value_max")}
    return _NUMPY, "Clip", ([x], limits)


def _softmax(x, others):
    return _NN, "Softmax", ([x], {"axis": others.pop("axis", -1)})


def _leaky_relu(x, others):
    return _NN, "LeakyRelu", ([x], {"negative_slope": others.pop("alpha", 0.2)})


def _concatenate(tensors, others):
    return _NUMPY, "Concatenate", ([tensors], {"axis": others.pop("axis")})


def _reshape(x, others):
    return _NUMPY, "Reshape", ([x], {"newshape": others.pop("shape")})


def _expand(x, others):
    return _NUMPY, "ExpandDims", ([x], {"axis": others.pop("axis")})


def _squeeze(x, others):
    return _NUMPY, "Squeeze", ([x], {"axis": others.pop("axis", None)})


def _pad(x, others):
    others.pop("mode", None) if others.get("mode") == "CONSTANT" else None
    value = others.pop("constant_values", 0)
    return _NUMPY, "Pad", ([x, value], {"pad_width": others.pop("paddings"), "mode": "constant"})


def _cast(x, others):
    return _CORE, "Cast", ([x], {"dtype": others.pop("dtype")})


def _item(x, others):
    """Python's brackets: slices of numbers, numbers, new axes and the ellipsis."""
    spec = others.pop("slice_spec")
    return _NUMPY, "GetItem", ([x, [_index(each) for each in (spec if isinstance(spec, list) else [spec])]], {})


def _index(item: Any) -> Any:
    if isinstance(item, dict) and {"start", "stop", "step"} <= set(item):
        return {"class_name": "__slice__", "config": {key: item[key] for key in ("start", "stop", "step")}}
    if isinstance(item, dict) and item.get("class_name") == "__ellipsis__":
        return {"class_name": "__ellipsis__", "config": {}}
    if item is None or isinstance(item, int):
        return item
    raise TypeError


_OTHERS: dict[str, Callable] = {
    "clip_by_value": _clip,
    "nn.softmax": _softmax,
    "nn.leaky_relu": _leaky_relu,
    "concat": _concatenate,
    "reshape": _reshape,
    "expand_dims": _expand,
    "squeeze": _squeeze,
    "pad": _pad,
    "cast": _cast,
    "__operators__.getitem": _item,
}
