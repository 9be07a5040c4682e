"""A copy of a network in which other layers stand in for some."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from larq_focal.nn import keras, ops, sublayers

Kind = type | tuple[type, ...]
StandIn = Callable[[keras.layers.Layer], "keras.layers.Layer | None"]
Weights = Callable[[keras.layers.Layer], "Sequence[Any] | None"]


def with_layers_replaced(model: keras.Model, stand_in: StandIn, weights: Weights, parts: tuple[type, ...]):
    """A new model, not compiled, with what stands in for its layers, and their weights.

    Args:
        model: A functional or sequential model; models inside of it are copied in the same way.
        stand_in: Makes the layer that stands in for one, without weights; None for a copy.
        weights: Returns the weights of what stands in for a layer, in their order; None for those of the layer.
        parts: Classes that must not stay.

    Raises:
        ValueError: The model is of another kind, or a layer of a class of its own has one of ``parts`` inside.
    """

    def copied(layer: keras.layers.Layer) -> keras.layers.Layer:
        if isinstance(layer, keras.Model):
            return with_layers_replaced(layer, stand_in, weights, parts)
        made = stand_in(layer) or type(layer).from_config(layer.get_config())
        left = [each for each in (made, *sublayers(made)) if isinstance(each, parts)]
        if left:
            raise ValueError(f"The layer {layer.name!r} has a {type(left[0]).__name__} inside.")
        return made

    try:
        copy = keras.models.clone_model(model, clone_function=copied)
    except ValueError as error:
        raise ValueError(
            f"The layers of {model.name!r} cannot be replaced. It must be a functional or sequential model, and the "
            f"parts to replace layers of it, not inside of a layer of a class of its own. {error}"
        ) from error
    for layer in model.layers:
        if not isinstance(layer, keras.layers.InputLayer | keras.Model):
            tensors = weights(layer)
            arrays = layer.get_weights() if tensors is None else [np.asarray(ops.convert_to_numpy(t)) for t in tensors]
            copy.get_layer(layer.name).set_weights(arrays)
    return copy


def with_quantizers(layer: keras.layers.Layer, kind: Kind, changed: Callable[[Any], Any], **options: Any):
    """A quantized layer, without its weights, with other quantizers for those of a class; None where it has none.

    Args:
        layer: The layer.
        kind: The class.
        changed: Makes the other quantizer from one.
        **options: Other arguments of the layer.
    """
    other = {name: changed(quantizer) for name, quantizer in quantizers_of(layer, kind).items()}
    return type(layer).from_config({**layer.get_config(), **other, **options}) if other else None


def quantizers_of(layer: keras.layers.Layer, kind: Kind) -> dict[str, Any]:
    """The quantizers of a class that a quantized layer has, by the arguments that they came by."""
    names = ("input_quantizer", "kernel_quantizer", "depthwise_quantizer", "pointwise_quantizer")
    found = {name: getattr(layer, name, None) for name in names}
    return {name: quantizer for name, quantizer in found.items() if isinstance(quantizer, kind)}
