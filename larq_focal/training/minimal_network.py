"""The minimal network that an over-parameterised one is in inference."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from larq_focal.layers.overparameterised.branched_conv import BranchedConv2D
from larq_focal.layers.overparameterised.branched_kernel import BranchedKernel
from larq_focal.layers.overparameterised.parallel_normalization import ParallelNormalization
from larq_focal.nn import Tensor, keras, ops, quantized_variables, sublayers

_BLOCKS = (BranchedConv2D, BranchedKernel, ParallelNormalization)


def fold(model: keras.Model) -> keras.Model:
    """The network with each over-parameterised block as the one plain layer that it is in inference.

    A kernel quantizer ``BranchedKernel`` becomes the quantizer inside of it, with the sum as the kernel;
    ``BranchedConv2D`` a ``Conv2D`` with a bias; ``ParallelNormalization`` a ``BatchNormalization``. All other layers
    are copied. The outputs are the same to float rounding.

    Args:
        model: A functional or sequential model, trained or not; it stays as it is. Models inside of it are folded too.

    Returns:
        A new model, not compiled.

    Raises:
        ValueError: The model is of another kind, or a layer of a class of its own has such a block inside.
    """
    try:
        folded = keras.models.clone_model(model, clone_function=_plain)
    except ValueError as error:
        raise ValueError(
            f"fold: the layers of {model.name!r} cannot be replaced. It must be a functional or sequential model, and "
            f"its blocks layers of it, not inside of a layer of a class of its own. {error}"
        ) from error
    for layer in model.layers:
        if not isinstance(layer, (keras.layers.InputLayer, keras.Model)):
            folded.get_layer(layer.name).set_weights(_weights(layer))
    return folded


def _plain(layer: keras.layers.Layer) -> keras.layers.Layer:
    """What stands in for a layer, without its weights; for a model, with them."""
    if isinstance(layer, keras.Model):
        return fold(layer)
    config = layer.get_config()
    kept = {name: config[name] for name in ("name", "dtype") if name in config}
    if isinstance(layer, ParallelNormalization):
        return keras.layers.BatchNormalization(momentum=layer.momentum, epsilon=layer.epsilon, **kept)
    if isinstance(layer, BranchedConv2D):
        return keras.layers.Conv2D(layer.filters, layer.kernel_size, layer.strides, padding="same", **kept)
    branched = _branched(layer)
    inside = [each for each in sublayers(layer) if isinstance(each, _BLOCKS) and each not in branched.values()]
    if inside:
        raise ValueError(f"The layer {layer.name!r} has a {type(inside[0]).__name__} inside.")
    plain = {name: _copy(quantizer.quantizer) for name, quantizer in branched.items()}
    return type(layer).from_config({**config, **plain})


def _branched(layer: keras.layers.Layer) -> dict[str, BranchedKernel]:
    """The branched kernels of a quantized layer by the arguments that they came by."""
    names = ("kernel_quantizer", "depthwise_quantizer", "pointwise_quantizer")
    found = {name: getattr(layer, name, None) for name in names}
    return {name: each for name, each in found.items() if isinstance(each, BranchedKernel)}


def _copy(quantizer: Any) -> Any:
    is_layer = isinstance(quantizer, keras.layers.Layer)
    return type(quantizer).from_config(quantizer.get_config()) if is_layer else quantizer


def _weights(layer: keras.layers.Layer) -> list[np.ndarray]:
    """The weights of what stands in for a layer, in their order."""
    if isinstance(layer, ParallelNormalization):
        scale, shift = layer.folded()
        mean, variance = (ops.convert_to_tensor(each) for each in layer.by_square.non_trainable_weights)
        tensors = [scale * ops.sqrt(variance + layer.epsilon), shift + scale * mean, mean, variance]
    elif isinstance(layer, BranchedConv2D):
        tensors = layer.folded()
    else:
        branched = _branched(layer)
        left_out = {id(each) for quantizer in branched.values() for each in (*quantizer.scales, *quantizer.kernels)}
        merged = {id(kernel): quantizer.merged for kernel, quantizer in _kernels(layer, branched)}
        kept = [weight for weight in layer.weights if id(weight) not in left_out]
        tensors = [merged.get(id(weight), _same)(ops.convert_to_tensor(weight)) for weight in kept]
    return [ops.convert_to_numpy(each) for each in tensors]


def _same(tensor: Tensor) -> Tensor:
    return tensor


def _kernels(layer: keras.layers.Layer, branched: dict[str, BranchedKernel]) -> Iterator[tuple[Any, BranchedKernel]]:
    """The kernels that the quantizers belong to, and these."""
    for weight in quantized_variables(layer):
        for quantizer in branched.values():
            if weight.quantizer is quantizer:
                yield weight, quantizer
