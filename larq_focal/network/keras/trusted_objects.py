"""Which objects in the configuration of a Keras model are harmless to make.

Some classes and functions that a configuration names hold marshalled Python code, some run any function of TensorFlow,
and a name may be imported from any module. Harmless are public layers and functions of Keras, functions of tensors, and
what this process has registered with Keras. The rules follow ``keras.saving`` of Keras 2 and 3 (``serialization_lib``,
``saving_lib``, ``hdf5_format``), which are more lenient.
"""

from __future__ import annotations

from larq_focal.messages import short
from larq_focal.network.keras import room
from larq_focal.nn import keras

HOW_TO_TRUST = "If you trust where the file comes from, load it with trust=True (--trust)."
_KERAS_HOMES = ("keras", "tf_keras")
_READS_FILES = frozenset(("StringLookup", "IntegerLookup", "TextVectorization"))
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
    if kind in room.harmless.VALUES or _is_registered(item):
        return None
    if kind in room.harmless.CODE:
        return f"{room.harmless.CODE[kind]}. {HOW_TO_TRUST}"
    if (fault := room.harmless.operation_fault(item)) is not None:
        return f"{fault} {HOW_TO_TRUST}" if fault else None
    if kind in _READS_FILES and isinstance(inner, dict) and isinstance(inner.get("vocabulary"), str):
        return f"reads the file '{short(inner['vocabulary'], 100)}'. {HOW_TO_TRUST}"
    return unknown_object(item)


def unknown_object(item: dict) -> str | None:
    """What to say of a class or function that is neither of Keras nor registered with it, else None."""
    kind = item["class_name"]
    if not isinstance(kind, str) or kind in room.harmless.VALUES or kind in room.harmless.CODE or _is_registered(item):
        return None
    if room.harmless.operation_fault(item) is not None:
        return None
    module = item.get("module")
    is_function = kind == "function"
    names = {item.get("config") if is_function else kind, item.get("registered_name")} - {None}
    homes = (*_KERAS_HOMES, "builtins") if is_function else _KERAS_HOMES
    at_home = module is None or (isinstance(module, str) and module.partition(".")[0] in homes)
    known = room.harmless.public_functions() if is_function else room.harmless.public_classes()
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
