"""What the quantized layers share: a quantizer for the inputs and one for each kernel."""

from __future__ import annotations

from typing import Any, ClassVar

import keras
from keras import ops

from larq_focal.nn.keras3.constraint_warning import warn_of_missing_constraint
from larq_focal.nn.keras3.identifiers import get_constraint, get_kernel_quantizer, get_quantizer
from larq_focal.nn.keras3.quantized_variable import QuantizedVariable


class QuantizedLayer(keras.layers.Layer):
    """Makes a Keras layer with kernels and a bias compute with quantized inputs and kernels.

    It stands before the Keras layer among the bases of a quantized layer, which adds ``product``. The order is:
    quantizer of the inputs, quantizers of the kernels, product, bias, activation.

    Args:
        *args: As for the Keras layer.
        input_quantizer: An alias, a quantizer or a function of the inputs, or None.
        **kwargs: As for the Keras layer, and a ``..._quantizer`` for each kernel. Constraints may be named as well:
            "weight_clip".
    """

    kernels: ClassVar[dict[str, str]] = {"kernel": "kernel"}
    """Variables to quantize, each with the start of the names of its arguments, as in ``kernel_quantizer``."""

    def __init__(self, *args: Any, input_quantizer: Any = None, **kwargs: Any):
        quantizers = {kernel: kwargs.pop(f"{kernel}_quantizer", None) for kernel in self.kernels.values()}
        constraints = {name: get_constraint(kwargs[name]) for name in kwargs if name.endswith("_constraint")}
        super().__init__(*args, **{**kwargs, **constraints})
        self.input_quantizer = get_quantizer(input_quantizer)
        for kernel, identifier in quantizers.items():
            quantizer = get_kernel_quantizer(identifier)
            setattr(self, f"{kernel}_quantizer", quantizer)
            warn_of_missing_constraint(type(self).__name__, kernel, quantizer, getattr(self, f"{kernel}_constraint"))

    def quantizer_of(self, variable: str) -> Any:
        """The quantizer of a variable by its name, None for one that is not quantized."""
        return getattr(self, f"{self.kernels[variable]}_quantizer") if variable in self.kernels else None

    def add_weight(self, *args, name=None, **kwargs):
        quantizer = self.quantizer_of(name)
        if quantizer is None:
            return super().add_weight(*args, name=name, **kwargs)
        return self._add_kernel(*args, name=name, quantizer=quantizer, **kwargs)

    def _add_kernel(self, shape, initializer, *, dtype=None, regularizer=None, constraint=None, **kwargs):
        kernel = QuantizedVariable(
            shape=shape,
            initializer=keras.initializers.get(initializer),
            dtype=dtype or self.variable_dtype,
            **kwargs,
        )
        kernel.regularizer = regularizer
        kernel.constraint = constraint
        self._track_variable(kernel)
        return kernel

    def build(self, input_shape):
        super().build(input_shape)
        _build(self.input_quantizer, self.shape_to_quantize(input_shape))
        for variable in self.kernels:
            _build(self.quantizer_of(variable), getattr(self, variable).shape)

    def shape_to_quantize(self, input_shape):
        """The shape in which the quantizer of the inputs gets them, where a layer changes it before."""
        return input_shape

    def product(self, inputs, *kernels):
        """What the layer computes before bias and activation, of quantized inputs and kernels."""
        raise NotImplementedError

    def call(self, inputs):
        if self.input_quantizer is not None:
            inputs = self.input_quantizer(inputs)
        outputs = self.product(inputs, *(self.quantized(variable) for variable in self.kernels))
        if self.use_bias:
            outputs = ops.add(outputs, self._shaped_bias(outputs))
        return outputs if self.activation is None else self.activation(outputs)

    def quantized(self, variable: str):
        """The kernel of that name as the layer computes with it: quantized in full precision, then cast."""
        kernel, quantizer = getattr(self, variable), self.quantizer_of(variable)
        if quantizer is None:
            return kernel
        latent = kernel.latent if isinstance(kernel, QuantizedVariable) else kernel  # a sum, where LoRA is on
        return ops.cast(quantizer(latent), self.compute_dtype)

    def _shaped_bias(self, outputs):
        if getattr(self, "data_format", "channels_last") == "channels_last":
            return self.bias
        return ops.reshape(self.bias, (-1, *[1] * (len(outputs.shape) - 2)))

    def get_config(self):
        kernels = {f"{kernel}_quantizer" for kernel in self.kernels.values()}
        quantizers = {name: getattr(self, name) for name in ("input_quantizer", *sorted(kernels))}
        serialize = keras.saving.serialize_keras_object
        return {**super().get_config(), **{name: serialize(quantizer) for name, quantizer in quantizers.items()}}


def _build(quantizer: Any, shape: Any) -> None:
    """Builds a quantizer that has weights; another layer's comes built."""
    if isinstance(quantizer, keras.layers.Layer) and not quantizer.built:
        quantizer.build(tuple(shape))
