"""What Keras 2 records of the calls in a functional model."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from larq_focal.keras import keras, tf
from larq_focal.network.builder import GraphBuilder
from larq_focal.network.keras.node import Node, Values
from larq_focal.network.ops import Shape

flatten = tf.nest.flatten
map_structure = tf.nest.map_structure
is_symbolic = keras.backend.is_keras_tensor


class ModelValues(Values):
    """The values of a model; operations between its layers are layers too."""

    def __init__(self, builder: GraphBuilder, path: str, model: keras.Model, names: Sequence[str]):
        super().__init__(model.inputs, names)


def nodes_of(model: keras.Model) -> Iterator[Node]:
    """All calls in a functional model, each behind those that it depends on."""
    for depth in sorted(model._nodes_by_depth, reverse=True):
        for node in model._nodes_by_depth[depth]:
            if not node.is_input:
                outputs = tf.nest.flatten(node.outputs)
                yield Node(node.layer, node.keras_inputs, outputs, node.call_args, node.call_kwargs)


def is_functional(layer: keras.layers.Layer) -> bool:
    """Whether it is a model that ``nodes_of`` reads."""
    return getattr(layer, "_is_graph_network", False)


def inner_layers(layer: keras.layers.Layer) -> list[keras.layers.Layer]:
    """All layers within a layer, however deep."""
    return list(layer._flatten_layers(include_self=False))


def input_names(model: keras.Model, functional: keras.Model) -> Sequence[str]:
    """The names of the inputs of ``model``, which ``functional`` is as a functional model."""
    has_names = len(model.input_names or ()) == len(functional.inputs)
    return model.input_names if has_names else functional.input_names


def dtype_name(tensor: Any) -> str:
    return tensor.dtype.name


def at_sizes(model: keras.Model, node: Node, names: Sequence[str], shapes: Sequence[Shape]):
    """A functional model that ``node`` calls, and the names of the values of its inputs; layers tell their sizes."""
    return model, names
