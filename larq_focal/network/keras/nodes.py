"""Whether the calls in a configuration of Keras can all be made: Keras tries for ever to make those that cannot."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

_MODELS = ("Functional", "Sequential", "Model")


def unmade_call(config: Any) -> str | None:
    """The name of a layer that is called on an output which no call makes, None where there is no such layer.

    Only what can never be made is told; what is wrong otherwise, Keras refuses by itself.
    """
    for layers in _lists_of_layers(config):
        if (name := _unmade(layers)) is not None:
            return name
    return None


def _lists_of_layers(config: Any) -> Iterator[list[dict]]:
    waiting = [config]
    while waiting:
        item = waiting.pop()
        if isinstance(item, dict):
            layers = item.get("layers")
            if isinstance(layers, list) and all(_is_layer(layer) for layer in layers):
                yield layers
            waiting += item.values()
        elif isinstance(item, list):
            waiting += item


def _is_layer(layer: Any) -> bool:
    return (
        isinstance(layer, dict) and isinstance(layer.get("name"), str) and isinstance(layer.get("inbound_nodes"), list)
    )


def _unmade(layers: list[dict]) -> str | None:
    names = {layer["name"] for layer in layers}
    inputs = {layer["name"] for layer in layers if layer.get("class_name") == "InputLayer"}
    models = {layer["name"] for layer in layers if layer.get("class_name") in _MODELS}
    calls = {name: [] for name in names}
    for layer in layers:
        calls[layer["name"]] += [list(_references(node, names - inputs)) for node in layer["inbound_nodes"]]
    made = dict.fromkeys(names, 0)

    def is_there(name: str, index: Any) -> bool:
        """Calls of a model count from 1 where it has an input of its own, else from 0."""
        there = range(made[name] + (name in models and made[name] > 0))
        return index in there

    progress = True
    while progress:
        progress = False
        for name in names:
            while made[name] < len(calls[name]) and all(is_there(*each) for each in calls[name][made[name]]):
                made[name] += 1
                progress = True
    return next((name for name in names if made[name] < len(calls[name])), None)


def _references(node: Any, names: set[str]) -> Iterator[tuple[str, Any]]:
    """The outputs of layers that stand in a call: layer and number of its call."""
    waiting = [node]
    while waiting:
        item = waiting.pop()
        if isinstance(item, dict):
            waiting += item.values()
        elif isinstance(item, list):
            if len(item) in (3, 4) and isinstance(item[0], str) and item[0] in names:
                yield item[0], item[1]
            waiting += item
