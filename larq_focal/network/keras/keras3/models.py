"""Models of Keras 3 as the calls of which they consist."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import keras

from larq_focal.network.graph import NotUnderstood
from larq_focal.network.keras.keras3.traced import Traced, between, called_on_symbols, flatten
from larq_focal.network.keras.node import Node
from larq_focal.network.keras.user_classes import defines_its_own
from larq_focal.network.ops import Shape


def nodes_of(model: Traced) -> Iterator[Node]:
    """The calls of layers in a model, each behind those that it depends on; operations are read where they are used."""
    return (node for node in model.nodes if isinstance(node.layer, keras.layers.Layer))


def is_functional(layer: Any) -> bool:
    """Whether it is a model of known calls: functional, or Sequential."""
    if defines_its_own(layer, "call"):
        return False
    is_sequential = isinstance(layer, keras.Sequential) and layer.built
    return is_sequential or isinstance(layer, keras.Function)


def as_functional(model: keras.Model) -> Traced:
    """The calls of a model, for one input of each size.

    Args:
        model: a functional or Sequential one; or a subclass of ``keras.Model`` that has been called or fitted.

    Raises:
        ValueError: its inputs are not known, or its ``call`` cannot be run on symbolic inputs.
    """
    if is_functional(model):
        return _of_functional(model)
    shapes = _build_shapes(model)
    if shapes is None:
        raise ValueError(
            f"The inputs of the model '{model.name}', a subclass of keras.Model, are not known: call it on a batch "
            "once, as model(images), before."
        )
    count = 0

    def symbol(shape):
        nonlocal count
        count += 1
        return keras.KerasTensor((None, *shape[1:]), name=f"{model.name}_input_{count}")

    arguments = keras.tree.map_shape_structure(symbol, shapes)
    try:
        return called_on_symbols(model, (arguments,), {})
    except NotUnderstood as reason:
        raise ValueError(
            f"The layers of the model '{model.name}', a subclass of keras.Model, cannot be followed: {reason}. "
            "Build it with the functional interface, keras.Model(inputs, outputs)."
        ) from reason


def _build_shapes(model: keras.Model) -> Any:
    """The shapes of the inputs that a subclassed model was built for, None where they are not known."""
    config = (model.get_build_config() or {}) if model.built else {}
    return config.get("input_shape") or config.get("shapes_dict")


def _of_functional(model: keras.Model, shapes: Sequence[Shape] | None = None) -> Traced:
    """The calls in a functional or Sequential model; called again where that makes its sizes known.

    Args:
        model: the model.
        shapes: of its inputs without the batch; those that it was built for if None.
    """
    if isinstance(model, keras.Sequential):
        model = model._functional
    shapes = [tuple(tensor.shape[1:]) for tensor in model.inputs] if shapes is None else shapes
    is_built_for_them = [(None, *shape) for shape in shapes] == [tuple(tensor.shape) for tensor in model.inputs]
    if is_built_for_them or any(None in shape for shape in shapes):
        return between(model.inputs, model.outputs)
    symbols = [
        keras.KerasTensor((None, *shape), dtype=tensor.dtype, name=tensor.name)
        for shape, tensor in zip(shapes, model.inputs, strict=True)
    ]
    return called_on_symbols(model, (keras.tree.pack_sequence_as(model.input, symbols),), {})


def input_names(model: keras.Model, functional: Traced) -> list[str]:
    return [tensor.name for tensor in functional.inputs]


def at_sizes(
    model: keras.Model, node: Node, names: Sequence[str], shapes: Sequence[Shape]
) -> tuple[Traced, Sequence[str]]:
    """A functional model that ``node`` calls on values of ``shapes``, and their names in the order of its inputs."""
    inner = model._functional if isinstance(model, keras.Sequential) else model
    given = node.arguments[0] if node.arguments else next(iter(node.keywords.values()))
    if isinstance(given, dict) and not isinstance(inner.input, dict):
        order = [given[tensor.name] for tensor in inner.inputs]
        places = [next(i for i, each in enumerate(flatten(given)) if each is tensor) for tensor in order]
        names, shapes = [names[place] for place in places], [shapes[place] for place in places]
    return _of_functional(model, shapes), names
