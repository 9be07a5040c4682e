"""Reading the weights of Keras layers, as the layers compute with them, and what of them has to be stored."""

from __future__ import annotations

import numpy as np

from larq_focal.keras import keras, larq, tf
from larq_focal.network.keras.quantizers import Quantizer, precision
from larq_focal.network.kernel import FLOAT_BITS, Kernel
from larq_focal.quantizers import row_of


def quantized_values(variable) -> np.ndarray:
    """A weight as its layer computes with it, float32: quantized if it has a quantizer."""
    with larq.context.quantized_scope(True):
        return tf.convert_to_tensor(variable).numpy().astype(np.float32, copy=False)


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
    return Kernel.from_values(tf.convert_to_tensor(quantizer(tf.constant(samples))).numpy()).stored_scales


def stored_weights(layer: keras.layers.Layer) -> tuple[Kernel, ...] | None:
    """Everything that ``layer`` keeps for inference, None if it has not been built.

    What a kernel quantizer keeps (latent states, a learned scale) is part of the kernels that it makes.
    """
    if not layer.built:
        return None
    inside = {id(weight) for quantizer in _kernel_quantizers(layer) for weight in quantizer.weights}
    return tuple(_stored(variable) for variable in layer.weights if id(variable) not in inside)


def _kernel_quantizers(layer) -> list[keras.layers.Layer]:
    parts = [layer, *layer._flatten_layers(include_self=False)]
    found = (getattr(part, f"{which}_quantizer", None) for part in parts for which in KERNELS)
    return [quantizer for quantizer in found if isinstance(quantizer, keras.layers.Layer)]


KERNELS = ("kernel", "depthwise", "pointwise")
"""What Larq calls the kernels of a layer, in the names of their quantizers."""


def _stored(variable) -> Kernel:
    values = quantized_values(variable)
    return quantized_kernel(values.reshape(values.shape or (1,)), getattr(variable, "quantizer", None))
