"""Reading the weights of Keras layers, as the layers compute with them, and what of them has to be stored."""

from __future__ import annotations

from typing import Any

import numpy as np

from larq_focal.network.keras import room
from larq_focal.network.keras.quantizers import Quantizer, precision
from larq_focal.network.kernel import FLOAT_BITS, Kernel
from larq_focal.nn import keras
from larq_focal.quantizers import row_of


def layer_kernel(layer: keras.layers.Layer, which: str = "kernel") -> np.ndarray:
    """A kernel of ``layer`` as it computes with it: ``which`` is one of ``KERNELS``."""
    return room.quantized_values(kernel_of(layer, which), getattr(layer, f"{which}_quantizer", None))


def kernel_of(layer: keras.layers.Layer, which: str) -> Any:
    """The variable; Keras 3 calls that of a depthwise layer ``kernel``."""
    own = layer.kernel if which == "kernel" else getattr(layer, f"{which}_kernel", None)
    return layer.kernel if own is None else own


def quantized_kernel(values: np.ndarray, quantizer: Quantizer | None) -> Kernel:
    """The kernel with the values ``[..., out]`` that ``quantizer`` made.

    Its width and the number of its scales are those of the quantizer, and do not depend on the values; but where a
    quantizer claims fewer bits than its values need, or claims nothing, these tell.
    """
    bits = precision(quantizer)
    if quantizer is None or (bits is not None and bits >= FLOAT_BITS):
        return Kernel(values, None, FLOAT_BITS)
    if bits is None:
        return Kernel.from_values(values)
    if (row := row_of(quantizer, inherited=True)) is not None and row.values == (0, 1):
        bits = 2  # one bit stands for -1 and +1
    return Kernel.quantized(values, bits, _stored_scales(quantizer, values.shape))


def _stored_scales(quantizer: Quantizer, shape: tuple[int, ...]) -> int:
    row = row_of(quantizer)
    if row is not None:
        return {"none": 0, "one": 1, "channel": shape[-1]}[row.scales]
    if getattr(quantizer, "weights", None):  # which its scales may be
        return shape[-1]
    few = (*(min(size, 64) for size in shape[:-1]), shape[-1])  # a large kernel would tell no more
    samples = np.random.default_rng(0).uniform(-1, 1, few).astype(np.float32)
    return Kernel.from_values(room.computed(quantizer, samples)).stored_scales


def stored_weights(layer: keras.layers.Layer) -> tuple[Kernel, ...] | None:
    """Everything that ``layer`` keeps for inference, None if it has not been built.

    What a kernel quantizer keeps (latent states, a learned scale) is part of the kernels that it makes.
    """
    if not layer.built:
        return None
    kernels = [
        (kernel_of(part, which), quantizer)
        for part in (layer, *room.inner_layers(layer))
        for which in KERNELS
        if (quantizer := getattr(part, f"{which}_quantizer", None)) is not None
    ]
    inside = {id(weight) for _, quantizer in kernels for weight in getattr(quantizer, "weights", ())}
    quantizers = {id(kernel): quantizer for kernel, quantizer in kernels}
    return tuple(_stored(each, quantizers.get(id(each))) for each in layer.weights if id(each) not in inside)


KERNELS = ("kernel", "depthwise", "pointwise")
"""What Larq calls the kernels of a layer, in the names of their quantizers."""


def _stored(variable, quantizer: Quantizer | None) -> Kernel:
    values = room.quantized_values(variable, quantizer)
    return quantized_kernel(values.reshape(values.shape or (1,)), quantizer)
