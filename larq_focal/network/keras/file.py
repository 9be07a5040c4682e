"""What loading the file of a Keras model would run, told from the file alone.

Keras builds a model from a configuration that names classes and functions. Some of these hold marshalled Python code,
some run any function of TensorFlow, and a name may be imported from any module. Here a configuration is taken only if
all that it names is harmless: public layers and functions of Keras, TensorFlow's functions of tensors, and what this
process has registered with Keras. The rules follow ``keras.saving`` of Keras 2 (``serialization_lib``, ``saving_lib``,
``hdf5_format``), which are more lenient.
"""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import Any

import h5py

from larq_focal.keras import keras
from larq_focal.messages import short
from larq_focal.network.keras.hdf5_probe import WEIGHTS, check_hdf5, unpacked
from larq_focal.network.keras.nodes import unmade_call

HOW_TO_TRUST = "If you trust where the file comes from, load it with trust=True (--trust)."
_KERAS_HOMES = ("keras", "tf_keras")
_CONFIG = "config.json"

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


class UntrustedModelError(ValueError):
    """Loading a model would run code that its file brings or names; the message says which part."""


def check_keras_file(path: Path, *, trust: bool = False) -> None:
    """Refuses a file that holds no model; and, unless it is trusted, one whose loading would run more than Keras' own
    layers and what this process has registered.

    Raises:
        UntrustedModelError: the file holds code or names a function, a class or another file that is not known to be
            harmless; or it is a SavedModel, which is a program.
        ValueError: the file does not hold a Keras model.
    """
    if path.is_dir():
        if trust:
            return
        raise UntrustedModelError(
            f"'{path}' is a SavedModel, whose graph is a program that may read and write files. Save the model as "
            f".keras or .h5 instead. {HOW_TO_TRUST}"
        )
    check_hdf5(path)
    with _opened(path) as (config, weights):
        if (layer := unmade_call(config)) is not None:
            raise ValueError(f"the layer '{short(layer, 60)}' is called on an output that is never made.")
        if trust:
            return
        if weights is None:
            raise UntrustedModelError(
                f"'{path}' was not loaded: it has no {WEIGHTS}, and Keras would take pickled weights. {HOW_TO_TRUST}"
            )
        _check_links(weights, path)
    for item in _objects(config):
        if fault := _fault(item):
            raise UntrustedModelError(f"'{path}' was not loaded: {_place(item)} {fault}")


def unknown_class(path: Path) -> str | None:
    """What to say of the first class in a file that this process does not know, None where it knows all."""
    try:
        with _opened(path) as (config, _):
            return next((f"{_place(item)} {fault}" for item in _objects(config) if (fault := _unknown(item))), None)
    except Exception:  # a damaged file, of which there is something else to say
        return None


@contextmanager
def _opened(path: Path) -> Iterator[tuple[Any, h5py.File | None]]:
    """The configuration in a file, and its weights, None where they are not HDF5."""
    if not _is_archive(path):
        with h5py.File(path, "r") as file:
            yield _hdf5_config(file), file
        return
    with zipfile.ZipFile(path) as archive:
        config = json.loads(unpacked(archive, _CONFIG))
        if isinstance(config, dict):
            config.pop("compile_config", None)  # models are loaded without it
        if WEIGHTS not in archive.namelist():
            yield config, None
            return
        with h5py.File(io.BytesIO(unpacked(archive, WEIGHTS)), "r") as weights:
            yield config, weights


def _is_archive(path: Path) -> bool:
    """As Keras tells the formats apart."""
    return str(path).endswith(".keras") and zipfile.is_zipfile(path)


def _hdf5_config(file: h5py.File) -> Any:
    text = file.attrs.get("model_config")
    if text is not None:
        return json.loads(text)
    if {"layer_names", "keras_version"} & set(file.attrs) or {"layers", "_layer_checkpoint_dependencies"} & set(file):
        raise ValueError(
            "it holds weights only. Build the model, load them with model.load_weights(path), and pass the model, or "
            "save all of it with model.save(path)."
        )
    raise ValueError("it is an HDF5 file without a Keras model.")


def _check_links(file: h5py.File, path: Path) -> None:
    """Refuses data that lies in other files."""

    names: list[str] = []
    file.visit_links(names.append)  # an exception in there would be lost
    for name in names:
        link = file.get(name, getlink=True)
        item = file[name] if isinstance(link, h5py.HardLink) else None
        elsewhere = isinstance(item, h5py.Dataset) and (item.external or item.is_virtual)
        if elsewhere or isinstance(link, h5py.ExternalLink):
            raise UntrustedModelError(
                f"'{path}' was not loaded: its '{short(name)}' lies in another file. {HOW_TO_TRUST}"
            )


def _objects(config: Any) -> Iterator[dict]:
    """All parts of a configuration from which Keras makes an object, however deep."""
    waiting = [config]
    while waiting:
        item = waiting.pop()
        if isinstance(item, dict):
            if "class_name" in item:
                yield item
            waiting += item.values()
        elif isinstance(item, list):
            waiting += item


def _place(item: dict) -> str:
    inner = item.get("config")
    name = inner.get("name") if isinstance(inner, dict) else None
    return f"'{short(name)}'" if isinstance(name, str) else "a part of it"


def _fault(item: dict) -> str | None:
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
    return _unknown(item)


def _unknown(item: dict) -> str | None:
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
