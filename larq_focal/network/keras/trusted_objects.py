"""Which objects in the configuration of a Keras model are harmless to make.

Some classes and functions that a configuration names hold marshalled Python code, some run any function of TensorFlow,
and a name may be imported from any module. Harmless are public layers and functions of Keras, TensorFlow's functions of
tensors, and what this process has registered with Keras. The rules follow ``keras.saving`` of Keras 2
(``serialization_lib``, ``saving_lib``, ``hdf5_format``), which are more lenient.
"""

from __future__ import annotations

from functools import cache
from typing import Any

from larq_focal.keras import keras
from larq_focal.messages import short

HOW_TO_TRUST = "If you trust where the file comes from, load it with trust=True (--trust)."
_KERAS_HOMES = ("keras", "tf_keras")

# Marks of plain values in a configuration.
_VALUES = frozenset(
    ("TensorShape", "TypeSpec", "CompositeTensor", "__tuple__", "__ellipsis__", "__tensor__", "__numpy__", "__bytes__")
)
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
_READS_FILES = frozenset(("StringLookup", "IntegerLookup", "TextVectorization"))
_CODE = {
    "Lambda": "is a Lambda layer, which holds Python code",
    "__lambda__": "is a Python function, whose code stands in the file",
    "TensorFlowOpLayer": "is an operation of TensorFlow, which may be any",
    "ClassMethod": "calls a method of TensorFlow, which may be any",
    "InstanceMethod": "calls a method of TensorFlow, which may be any",
    "TFSMLayer": "runs the graph of another file",
    "DropoutWrapper": "may hold Python code",
    "ResidualWrapper": "may hold Python code",
}
_OPTIMIZATION = "tensorflow-model-optimization"
_IMPORT = "import the module that defines it, with larq_focal.import_objects(MODULE) (--import MODULE)"
_FIXES = {
    "PruneLowMagnitude": f"save the model after strip_pruning of {_OPTIMIZATION}",
    **dict.fromkeys(
        ("QuantizeLayer", "QuantizeWrapper", "QuantizeWrapperV2", "QuantizeAnnotate"),
        "import it with larq_focal.import_objects('tensorflow_model_optimization') "
        "(--import tensorflow_model_optimization)",
    ),
}


def fault_of(item: dict) -> str | None:
    """Why an object is not made, None where it is harmless."""
    kind, inner = item["class_name"], item.get("config")
    if not isinstance(kind, str):
        return f"names a class that is not a text ({short(repr(kind), 60)})."
    if kind in _VALUES or _is_registered(item):
        return None
    if kind in _CODE:
        return f"{_CODE[kind]}. {HOW_TO_TRUST}"
    if kind in _TENSOR_FUNCTIONS:
        function = inner.get("function") if isinstance(inner, dict) else None
        if not _is_of_tensors(function):
            return f"calls TensorFlow's '{short(function, 60)}', which may do more than compute. {HOW_TO_TRUST}"
        return None
    if kind in _READS_FILES and isinstance(inner, dict) and isinstance(inner.get("vocabulary"), str):
        return f"reads the file '{short(inner['vocabulary'], 100)}'. {HOW_TO_TRUST}"
    return unknown_object(item)


def unknown_object(item: dict) -> str | None:
    """What to say of a class or function that is neither of Keras nor registered with it, else None."""
    kind = item["class_name"]
    if not isinstance(kind, str) or kind in _VALUES or kind in _CODE or _is_registered(item):
        return None
    module = item.get("module")
    is_function = kind == "function"
    names = {item.get("config") if is_function else kind, item.get("registered_name")} - {None}
    homes = (*_KERAS_HOMES, "builtins") if is_function else _KERAS_HOMES
    at_home = module is None or (isinstance(module, str) and module.partition(".")[0] in homes)
    known = _public_functions() if is_function else _public_classes()
    if at_home and names and all(name in known for name in names):
        return None
    name = item.get("config") if is_function else kind
    origin = f" of the module '{short(module, 60)}'" if isinstance(module, str) else ""
    fix = _FIXES.get(kind, _IMPORT)
    return f"needs '{short(name, 60)}'{origin}, which is not known here: {fix}."


def _is_registered(item: dict) -> bool:
    """Whether Keras takes the object from what this process has registered, or has in a custom_object_scope."""
    kind = item["class_name"]
    name = item.get("config") if kind == "function" else item.get("registered_name", kind)
    return isinstance(name, str) and keras.utils.get_registered_object(name) is not None


def _is_of_tensors(function: Any) -> bool:
    if not isinstance(function, str):
        return False
    name = function.removeprefix("compat.v1.")
    return name in _TENSOR_NAMES or name.startswith(_TENSOR_NAMESPACES)


@cache
def _public_classes() -> frozenset[str]:
    """Names of what may be made: public layers and their parts, and models."""
    models = ("Functional", "Sequential", "Model", "BatchNormalizationV1", "BatchNormalizationV2", "Policy")
    homes = (keras.layers, keras.initializers, keras.regularizers, keras.constraints)
    training = (keras.losses, keras.metrics, keras.optimizers, keras.optimizers.schedules)
    classes = {name for home in (*homes, *training) for name in vars(home) if name[0].isupper()}
    return frozenset((classes | set(models) | _TENSOR_FUNCTIONS) - set(_CODE))


@cache
def _public_functions() -> frozenset[str]:
    homes = (keras.activations, keras.initializers, keras.regularizers, keras.constraints, keras.losses, keras.metrics)
    names = {name for home in homes for name in vars(home) if not name.startswith("_")}
    return frozenset(names - {"deserialize", "serialize", "get"})
