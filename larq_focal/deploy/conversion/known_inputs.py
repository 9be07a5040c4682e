"""Keras models whose inputs are known, which is what tracing them takes."""

from __future__ import annotations

from pathlib import Path

from larq_focal.deploy.conversion.conversion_error import ConversionError
from larq_focal.keras import keras, tf
from larq_focal.network.load import load_keras_model


def with_known_inputs(model: keras.Model | str | Path, *, trust: bool = False) -> keras.Model:
    """The model, or the one at a path, with inputs of known names, types and shapes.

    Keras knows those of functional and Sequential models. A subclass of ``keras.Model`` has them once it was called or
    fitted, and keeps them in a SavedModel folder; it is returned within a functional model, so that its layers are
    named behind it.

    Raises:
        ConversionError: it is not a Keras model, or was never called.
        UntrustedModelError: the file at the path would run code, and ``trust`` is not given.
    """
    if isinstance(model, str | Path):
        model = load_keras_model(model, trust=trust)
    if not isinstance(model, keras.Model):
        raise ConversionError(f"Expected a Keras model or the path of one, not {type(model).__name__}.")
    if model.inputs:
        return model
    spec = model.save_spec()
    if spec is None:
        raise ConversionError(
            f"The inputs of '{model.name}' are not known, because it was never called: call it once on a batch, "
            "model(batch), and convert it then."
        )
    return _functional(model, spec)


def _functional(model: keras.Model, spec: tuple[list, dict]) -> keras.Model:
    """A functional model of one call of ``model``.

    Args:
        model: a subclassed one.
        spec: the arguments and keywords that it was called with, with a ``TensorSpec`` for each tensor.
    """
    inputs: list[tf.Tensor] = []

    def as_input(leaf):
        if not isinstance(leaf, tf.TypeSpec):
            return leaf
        if not isinstance(leaf, tf.TensorSpec):
            raise ConversionError(f"'{model.name}' takes a {leaf.value_type.__name__}, and only tensors are converted.")
        name = leaf.name or f"input_{len(inputs) + 1}"
        inputs.append(keras.Input(leaf.shape[1:], name=name, dtype=leaf.dtype))
        return inputs[-1]

    arguments, keywords = tf.nest.map_structure(as_input, spec)
    outputs = model(*arguments, **keywords)
    return keras.Model(inputs, outputs, name=model.name)
