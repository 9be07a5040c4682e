"""Reading a QuantGraph from a Keras model, of Keras 2 by TensorFlow, of Keras 3 by whatever backend it has."""

from __future__ import annotations

from collections.abc import Sequence

from larq_focal.network import ops
from larq_focal.network.builder import GraphBuilder
from larq_focal.network.graph import NotUnderstood, QuantGraph
from larq_focal.network.keras import room
from larq_focal.network.keras.layer_call import LayerCall
from larq_focal.network.keras.layers import add_unknown, is_listed, read_layer
from larq_focal.nn import keras


def from_keras(model: keras.Model) -> QuantGraph:
    """Reads a model: functional, Sequential, subclassed, or such models nested.

    Kernels are read as the layers compute with them, quantized. A layer that the graph does not describe becomes an
    ``Unknown`` operation. The weights of a layer that is called several times are the same arrays in all its
    operations.

    Args:
        model: a built model, channels last, of fixed input sizes (but for the batch); a subclassed one must have been
            called or fitted.

    Returns:
        The graph; every operation's ``origin`` is the name of its layer, behind those of the models around it.

    Raises:
        ValueError: the model is not built, has no inputs, is channels first, of unknown input size, or subclassed and
            cannot be followed.
    """
    if not isinstance(model, keras.Model):
        raise ValueError(f"Expected a Keras model, not {type(model).__name__}.")
    if isinstance(model, keras.Sequential) and not getattr(model, "inputs", None):
        raise ValueError(f"The model '{model.name}' is not built: give its first layer an `input_shape`.")
    functional = room.as_functional(model)
    if not functional.inputs:
        raise ValueError(f"The model '{model.name}' has no inputs: a network computes something of what it is given.")
    builder = GraphBuilder()
    names = room.input_names(model, functional)
    inputs = [_read_input(builder, name, tensor) for name, tensor in zip(names, functional.inputs, strict=True)]
    outputs = _read_model(functional, builder, inputs)
    return QuantGraph(model.name, builder, outputs)


def _read_input(builder: GraphBuilder, name: str, tensor) -> str:
    shape = tuple(tensor.shape)[1:]
    if None in shape:
        raise ValueError(f"The input '{name}' has the shape {shape}: rebuild the model with a fixed input size.")
    bits = 8 if room.dtype_name(tensor) in ("uint8", "int8") else ops.FLOAT_BITS
    return builder.add(ops.Input, name, shape=shape, bits=bits, origin=name)


def _read_model(model, builder: GraphBuilder, inputs: Sequence[str], path: str = "") -> list[str]:
    """Reads the layers of a functional model on the values ``inputs`` and returns the names of its outputs."""
    values = room.ModelValues(builder, path, model, inputs)
    for node in room.nodes_of(model):
        names = tuple(values[tensor] for tensor in node.inputs)
        if room.is_functional(node.layer):
            inner, names = room.at_sizes(node.layer, node, names, [builder.shape(name) for name in names])
            outputs = _read_model(inner, builder, names, f"{path}{node.layer.name}/")
        else:
            outputs = _read_call(LayerCall(builder, path + node.layer.name, names, node))
        values.add(node.outputs, outputs)
    return [values[tensor] for tensor in model.outputs]


def _read_call(call: LayerCall) -> list[str]:
    """Reads one call of a layer that is not a functional model."""
    layer, start = call.node.layer, len(call.builder)
    try:
        outputs = _read_inside(call) or read_layer(layer, call)
    except NotUnderstood as reason:
        outputs = add_unknown(layer, call, reason)
    call.builder.share(layer, start)
    return outputs


def _read_inside(call: LayerCall) -> list[str] | None:
    """Reads the layers that a subclassed layer or model calls; None where it is not one that does."""
    layer, node = call.node.layer, call.node
    if is_listed(layer) or not room.inner_layers(layer):
        return None
    try:
        model = room.called_on_symbols(layer, node.arguments, node.keywords)
    except NotUnderstood:
        return None
    names = {id(tensor): name for tensor, name in zip(node.inputs, call.inputs, strict=True)}
    return _read_model(model, call.builder, list(names.values()), f"{call.path}/")
