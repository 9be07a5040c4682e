"""Reading a QuantGraph from a Keras model. This is the one part of ``larq_focal.network`` that needs TensorFlow."""

from __future__ import annotations

from larq_focal.keras import keras, tf
from larq_focal.network import ops
from larq_focal.network.graph import QuantGraph
from larq_focal.network.keras_builder import GraphBuilder, LayerCall
from larq_focal.network.keras_layers import read_layer


def from_keras(model: keras.Model) -> QuantGraph:
    """Reads a model: functional, Sequential, or such models nested.

    Kernels are read as the layers compute with them, quantized. A layer that is not understood becomes an
    ``Unknown`` operation.

    Args:
        model: a built model, channels last, of fixed input sizes (but for the batch).

    Returns:
        The graph; every operation's ``origin`` is the name of its layer, behind those of the models around it.

    Raises:
        ValueError: the model is subclassed, not built, channels first, or of unknown input size.
    """
    _check_readable(model)
    builder = GraphBuilder()
    inputs = [_read_input(builder, name, tensor) for name, tensor in zip(model.input_names, model.inputs, strict=True)]
    outputs = _read_model(model, builder, inputs)
    return QuantGraph(model.name, builder.ops.values(), outputs)


def _check_readable(model: keras.Model) -> None:
    if not isinstance(model, keras.Model):
        raise ValueError(f"Expected a Keras model, not {type(model).__name__}.")
    if isinstance(model, keras.Sequential) and not model.inputs:
        raise ValueError(f"The model '{model.name}' is not built: give its first layer an `input_shape`.")
    if not model._is_graph_network:
        raise ValueError(
            f"The model '{model.name}' is a subclass of keras.Model, whose layers cannot be followed: "
            "build it with the functional interface, keras.Model(inputs, outputs)."
        )


def _read_input(builder: GraphBuilder, name: str, tensor) -> str:
    shape = tuple(tensor.shape)[1:]
    if None in shape:
        raise ValueError(f"The input '{name}' has the shape {shape}: rebuild the model with a fixed input size.")
    bits = 8 if tensor.dtype in (tf.uint8, tf.int8) else ops.FLOAT_BITS
    return builder.add(ops.Input, name, shape=shape, bits=bits, origin=name)


def _read_model(model: keras.Model, builder: GraphBuilder, inputs: list[str], path: str = "") -> list[str]:
    """Reads the layers of a model called on the values ``inputs`` and returns the names of its outputs."""
    values = {id(tensor): name for tensor, name in zip(model.inputs, inputs, strict=True)}
    for depth in sorted(model._nodes_by_depth, reverse=True):
        for node in model._nodes_by_depth[depth]:
            if node.is_input:
                continue
            names = [values[id(tensor)] for tensor in node.keras_inputs]
            if getattr(node.layer, "_is_graph_network", False):
                outputs = _read_model(node.layer, builder, names, f"{path}{node.layer.name}/")
            else:
                outputs = read_layer(node.layer, LayerCall(builder, path + node.layer.name, tuple(names), node))
            values.update(zip(map(id, tf.nest.flatten(node.outputs)), outputs, strict=True))
    return [values[id(tensor)] for tensor in model.outputs]
