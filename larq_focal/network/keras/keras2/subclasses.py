"""Subclassed models and layers as functional models: what their ``call`` does with the layers that they hold.

``call`` is run once on symbolic inputs, on which Keras records every call of a layer and every operation between them.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from larq_focal.keras import keras, tf
from larq_focal.network.graph import NotUnderstood


def as_functional(model: keras.Model) -> keras.Model:
    """A functional model of the layers of ``model``, with the same weights; itself if it is one.

    Args:
        model: a subclass of ``keras.Model`` that has been called or fitted, so that its inputs are known.

    Raises:
        ValueError: its inputs or its class are not known, or its ``call`` cannot be run on symbolic inputs.
    """
    if model._is_graph_network:
        return model
    spec = model.save_spec() if model.built else None
    if spec is None:
        raise ValueError(
            f"The inputs of the model '{model.name}', a subclass of keras.Model, are not known: call it on a batch "
            "once, as model(images), before."
        )
    if type(model).__module__.endswith("saved_model.load"):
        raise ValueError(
            f"The class of the model '{model.name}' is not known here, so that its layers cannot be followed: its "
            "SavedModel holds what it computes, and not the layers. Import the module that registers the class "
            "(keras.utils.register_keras_serializable) before loading, or convert the model and read the .tflite file."
        )
    try:
        return called_on_symbols(model, *spec, name=model.name)
    except NotUnderstood as reason:
        raise ValueError(
            f"The layers of the model '{model.name}', a subclass of keras.Model, cannot be followed: {reason}. "
            "Build it with the functional interface, keras.Model(inputs, outputs)."
        ) from reason


def called_on_symbols(
    layer: keras.layers.Layer, arguments: Sequence, keywords: dict[str, Any], name: str | None = None
) -> keras.Model:
    """The functional model of one call of ``layer``.

    Args:
        layer: a layer or model whose ``call`` calls others.
        arguments: of the call; symbolic tensors and specifications of tensors become inputs of the model, in the order
            of ``tf.nest.flatten``, one that comes twice once.
        keywords: of the call, likewise.
        name: of the model.

    Raises:
        NotUnderstood: ``call`` cannot be run on symbolic inputs.
    """
    inputs: dict[int, Any] = {}

    def symbol(leaf):
        if not isinstance(leaf, tf.TensorSpec) and not keras.backend.is_keras_tensor(leaf):
            return leaf
        if id(leaf) not in inputs:
            label = f"{layer.name}_input_{len(inputs)}"
            inputs[id(leaf)] = keras.Input(leaf.shape[1:], batch_size=leaf.shape[0], dtype=leaf.dtype, name=label)
        return inputs[id(leaf)]

    arguments, keywords = tf.nest.map_structure(symbol, (tuple(arguments), dict(keywords)))
    if layer._call_spec.expects_training_arg:
        keywords = {**keywords, "training": False}
    with _without_traces(layer):
        try:
            return keras.Model(list(inputs.values()), layer.call(*arguments, **keywords), name=name)
        except Exception as error:  # a user's own code may fail in any way on tensors without numbers
            raise NotUnderstood(f"its call fails on symbolic inputs ({_first_line(error)})") from error


@contextmanager
def _without_traces(layer) -> Iterator[None]:
    """Forgets the calls that Keras notes down in the layers inside, so that reading a model does not change it."""
    inside = list(layer._flatten_layers(include_self=False))
    calls = [(part, list(part._inbound_nodes), list(part._outbound_nodes)) for part in inside]
    try:
        yield
    finally:
        for part, inbound, outbound in calls:
            part._inbound_nodes_value[:] = inbound
            part._outbound_nodes_value[:] = outbound


def _first_line(error: Exception) -> str:
    return f"{type(error).__name__}: {error}".splitlines()[0]
