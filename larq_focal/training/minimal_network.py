"""The minimal network that an over-parameterised one is in inference."""

from __future__ import annotations

from typing import Any

from larq_focal.layers.overparameterised.branched_conv import BranchedConv2D
from larq_focal.layers.overparameterised.branched_kernel import BranchedKernel
from larq_focal.layers.overparameterised.parallel_normalization import ParallelNormalization
from larq_focal.nn import Tensor, keras, ops, quantized_variables
from larq_focal.training.replaced_layers import quantizers_of, with_layers_replaced, with_quantizers

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
    return with_layers_replaced(model, _plain, _weights, _BLOCKS)


def _plain(layer: keras.layers.Layer) -> keras.layers.Layer | None:
    config = layer.get_config()
    kept = {name: config[name] for name in ("name", "dtype") if name in config}
    if isinstance(layer, ParallelNormalization):
        return keras.layers.BatchNormalization(momentum=layer.momentum, epsilon=layer.epsilon, **kept)
    if isinstance(layer, BranchedConv2D):
        return keras.layers.Conv2D(layer.filters, layer.kernel_size, layer.strides, padding="same", **kept)
    return with_quantizers(layer, BranchedKernel, lambda branched: _copy(branched.quantizer))


def _copy(quantizer: Any) -> Any:
    is_layer = isinstance(quantizer, keras.layers.Layer)
    return type(quantizer).from_config(quantizer.get_config()) if is_layer else quantizer


def _weights(layer: keras.layers.Layer) -> list[Tensor] | None:
    if isinstance(layer, ParallelNormalization):
        scale, shift = layer.folded()
        mean, variance = map(ops.convert_to_tensor, layer.by_square.non_trainable_weights)
        return [scale * ops.sqrt(variance + layer.epsilon), shift + scale * mean, mean, variance]
    if isinstance(layer, BranchedConv2D):
        return [*layer.folded()]
    branched = [*quantizers_of(layer, BranchedKernel).values()]
    return _merged_weights(layer, branched) if branched else None


def _merged_weights(layer: keras.layers.Layer, branched: list[BranchedKernel]) -> list[Tensor]:
    """The weights of the layer without the branches, which are in its kernels."""
    left_out = {id(each) for quantizer in branched for each in (*quantizer.scales, *quantizer.kernels)}
    merged = {
        id(kernel): quantizer.merged(ops.convert_to_tensor(kernel))
        for kernel in quantized_variables(layer)
        for quantizer in branched
        if kernel.quantizer is quantizer
    }
    kept = [weight for weight in layer.weights if id(weight) not in left_out]
    return [merged[id(each)] if id(each) in merged else ops.convert_to_tensor(each) for each in kept]
