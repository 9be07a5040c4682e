"""Models of Keras 2 by their configuration, as such of Keras 3."""

from __future__ import annotations

from typing import Any

from larq_focal.messages import short
from larq_focal.network.keras.errors import MigrationError
from larq_focal.network.keras.migration.objects import translated_object
from larq_focal.network.keras.migration.operations import translated_operation

_FUNCTIONAL = ("Functional", "Model")
_MODELS = (*_FUNCTIONAL, "Sequential")
_OPERATIONS = ("TFOpLambda", "SlicingOpLambda")
_CONSTANT = "_CONSTANT_VALUE"
"""What Keras 2 writes in the place of a layer's name for an argument that is a number."""


def translated_model(item: dict) -> dict:
    """A functional or Sequential model, in the form of Keras 3.

    Args:
        item: its class and configuration, as Keras 2 writes them.

    Raises:
        MigrationError: it holds something that Keras 3 does not have, or is a subclassed model.
    """
    kind, config = item.get("class_name"), item.get("config")
    if kind == "Sequential":
        return _sequential(config)
    if kind in _FUNCTIONAL and isinstance(config, dict) and "layers" in config:
        return _functional(config)
    raise MigrationError(
        f"The model is of the class '{short(kind, 60)}', whose file does not hold what it computes: build it with the "
        "functional interface, keras.Model(inputs, outputs), load its weights and save it again."
    )


def _layer(item: dict) -> dict:
    return translated_model(item) if item["class_name"] in _MODELS else translated_object(item, item["class_name"])


def _sequential(config: Any) -> dict:
    if isinstance(config, list):  # of the first versions of Keras 2
        config = {"name": "sequential", "layers": config}
    items = config["layers"]
    layers = [_layer(item) for item in items]
    first = items[0]["config"] if items else {}
    shape = first.get("batch_input_shape") or config.get("build_input_shape")
    if items and items[0]["class_name"] not in ("InputLayer", *_MODELS):
        if shape is None:
            raise MigrationError(
                f"The model '{config.get('name')}' was never built, so that its file has no weights: call it on a "
                "batch and save it again."
            )
        entry = {"batch_shape": shape, "dtype": layers[0]["config"].get("dtype"), "name": f"{config['name']}_input"}
        layers.insert(0, _keras_layer("InputLayer", entry))
    return _model("Sequential", {"name": config["name"], "layers": layers})


def _functional(config: dict) -> dict:
    first = {item["name"]: _first_call(item) for item in config["layers"]}
    layers = []
    for item in config["layers"]:
        if item["class_name"] in _OPERATIONS:
            layers.append(_operation(item, first))
            continue
        nodes = [_node(node, first) for node in item["inbound_nodes"]]
        layers.append({**_layer(item), "name": _name(item["name"]), "inbound_nodes": nodes})
        layers[-1]["config"]["name"] = _name(item["name"])
    ends = {key: _ends(config[key], first) for key in ("input_layers", "output_layers")}
    return _model("Functional", {"name": config["name"], "layers": layers, **ends})


def _first_call(item: dict) -> int:
    """The number of a layer's first call: Keras 2 counts the inputs of a nested model as one before it."""
    layers = item["config"].get("layers") if item["class_name"] in _MODELS else None
    return int(bool(layers) and layers[0]["class_name"] == "InputLayer")


def _name(name: str) -> str:
    return name.replace("/", "_")


def _model(kind: str, config: dict) -> dict:
    module = "keras" if kind == "Sequential" else "keras.src.models.functional"
    return {"module": module, "class_name": kind, "config": config, "registered_name": kind}


def _keras_layer(kind: str, config: dict) -> dict:
    return {"module": "keras.layers", "class_name": kind, "config": config, "registered_name": None}


def _ends(ends: Any, first: dict[str, int]) -> Any:
    """The inputs or the outputs: a layer, its call and its output each, alone or nested."""
    if _is_tensor(ends, first):
        return _history(ends, first)
    if isinstance(ends, dict):
        return {key: _ends(each, first) for key, each in ends.items()}
    if not isinstance(ends, list):
        raise MigrationError(f"The inputs or outputs of the model cannot be read: {short(repr(ends), 60)}.")
    found = [_ends(each, first) for each in ends]
    return found[0] if len(found) == 1 else found


def _node(node: Any, first: dict[str, int]) -> dict:
    """The arguments of a call: all first ones may be one tensor, or a list or a dictionary of tensors."""
    argument, keywords = _first_argument(node, first)
    return {"args": [argument], "kwargs": _with_tensors(keywords, first)}


def _operation(item: dict, first: dict[str, int]) -> dict:
    name, found = _name(item["name"]), []
    for node in item["inbound_nodes"]:
        argument, keywords = _first_argument(node, first)
        function = item["config"]["function"]
        found.append(translated_operation(function, argument, _with_tensors(keywords, first), item["name"]))
    (module, kind, (_, settings)), *others = found
    if any(each[:2] != (module, kind) or each[2][1] != settings for each in others):
        raise MigrationError(f"'{item['name']}' is called several times with different arguments.")
    return {
        "module": module,
        "class_name": kind,
        "config": {**settings, "name": name},
        "registered_name": kind,
        "name": name,
        "inbound_nodes": [{"args": arguments, "kwargs": {}} for _, _, (arguments, _) in found],
    }


def _first_argument(node: Any, first: dict[str, int]) -> tuple[Any, dict[str, Any]]:
    """The first argument of a call, with its tensors, and the other arguments."""
    if isinstance(node, dict):
        parts = {key: _first_argument(each, first) for key, each in node.items()}
        return {key: argument for key, (argument, _) in parts.items()}, next(iter(parts.values()))[1]
    if _is_tensor(node, first):
        return _tensor(node, first), node[3] if len(node) > 3 else {}
    if isinstance(node, list) and len(node) == 4 and node[0] == _CONSTANT:
        return node[2], node[3]
    if not isinstance(node, list) or not node:
        raise MigrationError(f"A call in the file cannot be read: {short(repr(node), 60)}.")
    parts = [_first_argument(each, first) for each in node]
    return (parts[0][0] if len(parts) == 1 else [argument for argument, _ in parts]), parts[0][1]


def _with_tensors(value: Any, first: dict[str, int]) -> Any:
    """An argument, with the references in it as tensors."""
    if _is_tensor(value, first) and len(value) == 3:
        return _tensor(value, first)
    if isinstance(value, dict):
        return {key: _with_tensors(each, first) for key, each in value.items()}
    return [_with_tensors(each, first) for each in value] if isinstance(value, list) else value


def _is_tensor(value: Any, first: dict[str, int]) -> bool:
    return isinstance(value, list) and len(value) in (3, 4) and isinstance(value[0], str) and value[0] in first


def _history(reference: list, first: dict[str, int]) -> list:
    name, call, output = reference[:3]
    return [_name(name), call - first[name], output]


def _tensor(reference: list, first: dict[str, int]) -> dict:
    config = {"shape": [None], "dtype": "float32", "keras_history": _history(reference, first)}
    return {"class_name": "__keras_tensor__", "config": config}
