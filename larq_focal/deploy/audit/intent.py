"""What a Keras model means its layers to be: their kernels as they compute with them, and what they declare."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from larq_focal.deploy.audit.layer_audit import Intent
from larq_focal.keras import keras, larq, tf
from larq_focal.layers import BinarySumDense
from larq_focal.layers.sign_planes import SignPlanesConv2D
from larq_focal.network.keras.linear import declared_input_bits
from larq_focal.network.keras.quantizers import is_quantizer, precision, quantizer_name
from larq_focal.network.kernel import FLOAT_BITS
from larq_focal.network.packing import WORD_BITS, words_for

_KERNELS = {
    "kernel": "kernel_quantizer",
    "depthwise_kernel": "depthwise_quantizer",
    "pointwise_kernel": "pointwise_quantizer",
}
"""The attributes that hold kernels, each with that of its quantizer."""

_layers = keras.layers
_TRANSPOSED = (_layers.Conv2DTranspose, _layers.Conv3DTranspose)
_LOCAL = (_layers.LocallyConnected1D, _layers.LocallyConnected2D)
_HANDS_ON = (
    _layers.Flatten,
    _layers.Reshape,
    _layers.Permute,
    _layers.ZeroPadding2D,
    _layers.MaxPooling2D,
    _layers.Dropout,
)


@dataclass(frozen=True, eq=False)
class WeightedLayer:
    """A kernel of the model.

    Args:
        name: the layer's name, behind those of the models around it; with the kernel's where it has several.
        layer: the Keras layer.
        role: the attribute that holds the kernel.
        kernel: the quantized weights ``[out, fan_in]``, fan-in with the input channels last.
        channels: input channels that meet in one output; all weights of a place for a locally connected layer.
        input_quantizer: name of the quantizer asked for, "" for none; likewise ``kernel_quantizer``.
        declared_bits: what these claim for inputs and kernel, None where they claim nothing.
    """

    name: str
    layer: keras.layers.Layer
    role: str
    kernel: np.ndarray
    channels: int
    input_quantizer: str
    kernel_quantizer: str
    declared_bits: tuple[int | None, int | None]

    @property
    def kind(self) -> str:
        return type(self.layer).__name__

    @property
    def intended(self) -> Intent:
        if any(bits is None or bits >= FLOAT_BITS for bits in self.declared_bits):
            return "float"
        return "binary" if self.declared_bits == (1, 1) else "few-bit"

    @property
    def declares_few_bits(self) -> bool:
        """Whether a quantizer claims less than float for the inputs or for the kernel."""
        return any(bits is not None and bits < FLOAT_BITS for bits in self.declared_bits)

    @property
    def weights(self) -> int:
        return self.kernel.size

    @property
    def declared_bytes(self) -> int:
        """What the kernel takes at the width that its quantizer claims; 1-bit kernels in words of 32 channels."""
        bits = self.declared_bits[1] or FLOAT_BITS
        if bits > 1:
            return -(-self.weights * bits // 8)
        out, fan_in = self.kernel.shape
        rows, channels = (fan_in, out) if self.is_depthwise else (self.weights // self.channels, self.channels)
        return rows * words_for(channels) * WORD_BITS // 8

    @property
    def pieces(self) -> list[np.ndarray]:
        """The kernels that the converter makes of it: one for each place of a locally connected layer, else one.

        A layer that is a sum of binary products has one for each of its kernel's planes.
        """
        if isinstance(self.layer, (SignPlanesConv2D, BinarySumDense)):
            out = len(self.kernel)
            planes = self.layer.kernel_planes(tf.constant(self.kernel.T[np.newaxis, np.newaxis]))
            return [plane.numpy().reshape(-1, out).T for plane in planes]
        is_local = isinstance(self.layer, _LOCAL) and self.layer.implementation == 1
        return np.split(self.kernel, self.kernel.shape[1] // self.channels if is_local else 1, axis=1)

    @property
    def is_depthwise(self) -> bool:
        return self.role == "depthwise_kernel"


def weighted_layers(model: keras.Model) -> list[WeightedLayer]:
    """The kernels of a model, nested models and layers inside of layers included, each once."""
    seen: set[int] = set()
    found = []
    for path, layer in _walk(model, ""):
        if id(layer) not in seen:
            seen.add(id(layer))
            found.extend(_kernels_of(path, layer, model.weights))
    return found


def layer_names(model: keras.Model) -> list[str]:
    """The names of all layers, behind those of the models around them; quantizers belong to their layer."""
    return [path for path, layer in _walk(model, "") if not isinstance(layer, larq.quantizers.Quantizer)]


def _walk(parent: keras.layers.Layer, path: str) -> Iterator[tuple[str, keras.layers.Layer]]:
    for layer in parent._flatten_layers(recursive=False, include_self=False):
        yield path + layer.name, layer
        yield from _walk(layer, f"{path}{layer.name}/")


def _kernels_of(path: str, layer: keras.layers.Layer, weights: Sequence[tf.Variable]) -> Iterator[WeightedLayer]:
    values = {role: value for role in _KERNELS if (value := _value(layer, role, weights)) is not None}
    for role, value in values.items():
        input_quantizer = None if role == "pointwise_kernel" else _input_quantizer(layer)
        kernel_quantizer = getattr(layer, _KERNELS[role], None)
        kernel, channels = _as_matrix(layer, role, value)
        yield WeightedLayer(
            name=path if len(values) == 1 else f"{path}/{role}",
            layer=layer,
            role=role,
            kernel=kernel,
            channels=channels,
            input_quantizer=quantizer_name(input_quantizer),
            kernel_quantizer=quantizer_name(kernel_quantizer),
            declared_bits=(declared_input_bits(layer, input_quantizer), precision(kernel_quantizer)),
        )


def _input_quantizer(layer: keras.layers.Layer) -> Callable | None:
    """The quantizer of the layer's inputs: its own, or one that stands before it as a layer or as an activation."""
    if (own := getattr(layer, "input_quantizer", None)) is not None:
        return own
    while len(layer.inbound_nodes) == 1 and isinstance(before := layer.inbound_nodes[0].inbound_layers, _layers.Layer):
        if isinstance(before, larq.quantizers.Quantizer):
            return before
        if is_quantizer(getattr(before, "activation", None)):
            return before.activation
        if not isinstance(before, _HANDS_ON):
            return None
        layer = before
    return None


def _value(layer: keras.layers.Layer, role: str, weights: Sequence[tf.Variable]) -> np.ndarray | None:
    """A kernel as the layer computes with it; None if it has no such kernel, or one that is not a matrix."""
    kernel = getattr(layer, role, None)
    if not tf.is_tensor(kernel) or kernel.shape.rank is None or kernel.shape.rank < 2:
        return None
    if not isinstance(kernel, tf.Variable):  # tensorflow-model-optimization keeps the variable in a layer around this
        computed = kernel.numpy() if hasattr(kernel, "numpy") else None  # a layer may compute its kernel at each read
        stored = next((weight for weight in weights if weight.name.endswith(f"{layer.name}/{role}:0")), None)
        return computed if stored is None else stored.numpy()
    with larq.context.quantized_scope(True):
        return tf.convert_to_tensor(kernel).numpy()


def _as_matrix(layer: keras.layers.Layer, role: str, kernel: np.ndarray) -> tuple[np.ndarray, int]:
    """The kernel as ``[out, fan_in]``, and its input channels per output."""
    if role == "depthwise_kernel":
        channels, multiplier = kernel.shape[-2:]
        return kernel.reshape(-1, channels * multiplier).T, 1
    if isinstance(layer, _TRANSPOSED):
        kernel = np.swapaxes(kernel, -1, -2)
    return kernel.reshape(-1, kernel.shape[-1]).T, kernel.shape[-2]
