"""What the configuration of a model of Keras 2 may name."""

from __future__ import annotations

from functools import cache
from typing import Any

from larq_focal.keras import keras, larq
from larq_focal.messages import short

LARQ = (larq.layers, larq.quantizers, larq.constraints)
"""Where Larq's names are."""

VALUES = frozenset(
    ("TensorShape", "TypeSpec", "CompositeTensor", "__tuple__", "__ellipsis__", "__tensor__", "__numpy__", "__bytes__")
)
"""Marks of plain values."""

# Layers that Keras makes of TensorFlow's functions, and the functions that only compute with tensors.
_TENSOR_FUNCTIONS = {"TFOpLambda", "SlicingOpLambda"}
_TENSOR_NAMESPACES = ("math.", "nn.", "linalg.", "image.", "signal.", "bitwise.", "quantization.", "__operators__.")
_TENSOR_NAMES = {
    *("abs", "add", "add_n", "argmax", "argmin", "argsort", "boolean_mask", "broadcast_to", "cast"),
    *("clip_by_norm", "clip_by_value", "concat", "cos", "cumsum", "divide", "einsum", "equal", "exp"),
    *("expand_dims", "fill", "floor", "gather", "gather_nd", "greater", "greater_equal", "identity"),
    *("less", "less_equal", "logical_and", "logical_not", "logical_or", "matmul", "maximum"),
    *("minimum", "multiply", "negative", "norm", "not_equal", "one_hot", "ones", "ones_like", "pad", "pow"),
    *("quantize", "range", "rank", "realdiv", "reduce_all", "reduce_any", "reduce_logsumexp"),
    *("reduce_max", "reduce_mean", "reduce_min", "reduce_prod", "reduce_sum", "repeat", "reshape"),
    *("reverse", "roll", "round", "scalar_mul", "shape", "sigmoid", "sign", "sin", "size", "slice"),
    *("space_to_batch", "split", "sqrt", "square", "squeeze", "stack", "stop_gradient"),
    *("strided_slice", "subtract", "tanh", "tensordot", "tile", "transpose", "truediv", "unstack"),
    *("where", "zeros", "zeros_like"),
}
CODE = {
    "Lambda": "is a Lambda layer, which holds Python code",
    "__lambda__": "is a Python function, whose code stands in the file",
    "TensorFlowOpLayer": "is an operation of TensorFlow, which may be any",
    "ClassMethod": "calls a method of TensorFlow, which may be any",
    "InstanceMethod": "calls a method of TensorFlow, which may be any",
    "TFSMLayer": "runs the graph of another file",
    "DropoutWrapper": "may hold Python code",
    "ResidualWrapper": "may hold Python code",
}
"""What holds or runs code, and how."""


def operation_fault(item: dict) -> str | None:
    """What to say of an operation between layers that may do more than compute; "" of one that computes.

    None where ``item`` is not an operation.
    """
    if item["class_name"] not in _TENSOR_FUNCTIONS:
        return None
    inner = item.get("config")
    function = inner.get("function") if isinstance(inner, dict) else None
    if _is_of_tensors(function):
        return ""
    return f"calls TensorFlow's '{short(function, 60)}', which may do more than compute."


def _is_of_tensors(function: Any) -> bool:
    if not isinstance(function, str):
        return False
    name = function.removeprefix("compat.v1.")
    return name in _TENSOR_NAMES or name.startswith(_TENSOR_NAMESPACES)


@cache
def public_classes() -> frozenset[str]:
    """Names of what may be made: public layers and their parts, and models."""
    models = ("Functional", "Sequential", "Model", "BatchNormalizationV1", "BatchNormalizationV2", "Policy")
    homes = (keras.layers, keras.initializers, keras.regularizers, keras.constraints)
    training = (keras.losses, keras.metrics, keras.optimizers, keras.optimizers.schedules)
    classes = {name for home in (*homes, *training) for name in vars(home) if name[0].isupper()}
    return frozenset((classes | set(models) | _TENSOR_FUNCTIONS) - set(CODE))


@cache
def public_functions() -> frozenset[str]:
    homes = (keras.activations, keras.initializers, keras.regularizers, keras.constraints, keras.losses, keras.metrics)
    names = {name for home in homes for name in vars(home) if not name.startswith("_")}
    return frozenset(names - {"deserialize", "serialize", "get"})
