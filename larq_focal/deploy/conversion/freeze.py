"""Tracing a Keras model for inference."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np

from larq_focal.deploy.conversion.conversion_error import ConversionError
from larq_focal.deploy.conversion.frozen import FrozenGraph, needed
from larq_focal.keras import keras, tf  # first: it says what to install where there is no TensorFlow

# isort: split
from tensorflow.core.protobuf.meta_graph_pb2 import TensorInfo
from tensorflow.python.framework.convert_to_constants import convert_variables_to_constants_v2

_KEEPS_STATE = ("Assign", "ResourceScatter", "ResourceApply")


def freeze(model: keras.Model) -> FrozenGraph:
    """Traces a model for inference on one sample, as the converter will see it; on more where its inputs fix how many.

    Args:
        model: with known inputs of fixed sizes, float32.

    Raises:
        ConversionError: the model has sizes that are left open, float16 layers, weights that are not
            finite, or layers that change a variable during inference.
    """
    check_model(model)
    size = batch_size(model)
    signature = [
        tf.TensorSpec([size, *tensor.shape[1:]], tensor.dtype, name=name)
        for name, tensor in zip(model.input_names, model.inputs, strict=True)
    ]

    def call(*inputs):
        return tf.nest.flatten(model(inputs[0] if len(inputs) == 1 else list(inputs), training=False))

    with _functions_inline():
        function = tf.function(call, autograph=False).get_concrete_function(*signature)
    _refuse_state(function.graph)
    frozen = convert_variables_to_constants_v2(function, lower_control_flow=False)
    return FrozenGraph(
        needed(frozen.graph.as_graph_def(), [t.name for t in (*frozen.inputs, *frozen.outputs)]),
        dict(zip(model.input_names, map(_info, frozen.inputs), strict=True)),
        dict(zip(model.output_names, map(_info, frozen.outputs), strict=True)),
    )


def batch_size(model: keras.Model) -> int:
    """How many samples a converted model takes at a time: 1, or what its inputs fix (``Input(..., batch_size=4)``).

    Raises:
        ConversionError: its inputs fix different numbers.
    """
    fixed = {name: tensor.shape[0] for name, tensor in zip(model.input_names, model.inputs, strict=True)}
    sizes = set(fixed.values()) - {None}
    if len(sizes) > 1:
        raise ConversionError(
            f"The inputs of '{model.name}' fix different batch sizes, {fixed}: rebuild the model with one for all."
        )
    return sizes.pop() if sizes else 1


@contextmanager
def _functions_inline() -> Iterator[None]:
    """Traces what layers wrap in functions in place: Keras compiles grouped convolutions in one that hides them."""
    before = tf.config.functions_run_eagerly()
    tf.config.run_functions_eagerly(True)
    try:
        yield
    finally:
        tf.config.run_functions_eagerly(before)


def _info(tensor: tf.Tensor) -> TensorInfo:
    dtype = tensor.dtype.as_datatype_enum
    return TensorInfo(name=tensor.name, dtype=dtype, tensor_shape=tensor.shape.as_proto())


def check_model(model: keras.Model) -> None:
    """Refuses what no converter takes.

    Raises:
        ConversionError: the model has sizes that are left open, float16 layers, layers that still prune their weights,
            or weights that are not finite.
    """
    for name, tensor in zip(model.input_names, model.inputs, strict=True):
        if None in tensor.shape[1:]:
            raise ConversionError(
                f"The input '{name}' of '{model.name}' has the shape {tuple(tensor.shape)[1:]}: "
                "rebuild the model with a fixed input size, for example with image = keras.Input((224, 224, 3)) and "
                "keras.Model(image, model(image))."
            )
    for layer in model._flatten_layers(include_self=False):
        if type(layer).__name__ == "PruneLowMagnitude":
            raise ConversionError(
                f"The layer '{layer.name}' still prunes its weights whenever it runs: convert the model that "
                "tensorflow_model_optimization.sparsity.keras.strip_pruning(model) returns."
            )
        if layer.compute_dtype in ("float16", "bfloat16"):
            raise ConversionError(
                f"The layer '{layer.name}' computes in {layer.compute_dtype}, which converters cannot read: "
                "rebuild the model under the float32 policy and copy its weights."
            )
    for weight in model.weights:
        if weight.dtype.is_floating and not np.isfinite(weight.numpy()).all():
            raise ConversionError(
                f"The weight '{weight.name}' of '{model.name}' holds values that are not finite: the training "
                "diverged. Train again with a lower learning rate."
            )


def _refuse_state(graph: tf.Graph) -> None:
    library = graph.as_graph_def().library
    nodes = [*graph.as_graph_def().node, *(node for function in library.function for node in function.node_def)]
    for node in nodes:
        if node.op.startswith(_KEEPS_STATE):
            raise ConversionError(
                f"'{node.name.rpartition('/')[0]}' changes a variable during inference, and a converted model holds "
                "no state: change it only while training, or make the state an input and an output of the model."
            )
