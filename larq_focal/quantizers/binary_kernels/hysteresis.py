"""Kernel quantizer with one memory bit per weight: a weight flips only once it has crossed a threshold."""

from __future__ import annotations

import weakref

from larq_focal.nn import Tensor, calling_layer, keras, ops, straight_through
from larq_focal.quantizers.parts.base import Quantizer
from larq_focal.quantizers.parts.row import quantizer_row
from larq_focal.quantizers.parts.sign import sign
from larq_focal.quantizers.parts.weight_statistics import Scale, check_scale, mean_magnitude, per_channel

__all__ = ["HysteresisSign", "hysteresis_sign", "schmitt_trigger"]


def magnitude_quantile(x: Tensor, quantile: float, scale: Scale) -> Tensor:
    """The element of |x| with a share of ``quantile`` of the elements below it.

    Args:
        x: Latent weights of known shape.
        quantile: From 0 to 1, without 1.
        scale: "channel" for an element of each index of the last axis, else one of the tensor.
    """
    _, count = per_channel(x)
    rows = ops.reshape(ops.abs(x), (count, -1) if scale == "channel" else (-1, 1))
    ordered = ops.sort(rows, axis=0)
    return ordered[int(quantile * ordered.shape[0])]


def schmitt_trigger(x: Tensor, memory: Tensor, threshold: float | Tensor) -> Tensor:
    """The memory after ``x``: +1 where ``x >= threshold``, -1 where ``x <= -threshold``, else as it was.

    Args:
        x: Latent weights, any shape.
        memory: +1 or -1, 0 where nothing is remembered yet (there sign(x) stands in); shape and type of ``x``.
        threshold: Half the width of the hysteresis loop, not negative. At 0 the result is sign(x). Broadcasts against
            ``x``.
    """
    one = ops.ones((), x.dtype)
    remembered = ops.where(memory == 0, sign(x), memory)
    return ops.where(x >= threshold, one, ops.where(x <= -threshold, -one, remembered))


@straight_through
def hysteresis_sign(x: Tensor, memory: Tensor, scale: Scale = "tensor") -> Tensor:
    """The remembered signs times mean|x|. Backward, the gradient reaches ``x`` unchanged; the scale is a constant.

    Args:
        x: Latent weights, any shape.
        memory: +1 or -1 for each weight, as :func:`schmitt_trigger` returns it.
        scale: One mean|x| for the tensor, one for each index of the last axis, or none.
    """
    return mean_magnitude(x, scale) * memory


@quantizer_row(levels="-s, +s with s = mean|w|", kernel="packed", scales="one")
class HysteresisSign(Quantizer):
    """Binary weights with hysteresis: a Schmitt trigger with one memory for each weight.

    Forward, with latent weight w, threshold T and memory m:

        m <- +1 if w >= T,  -1 if w <= -T,  m otherwise (sign(w) while nothing is remembered)
        q(w) = mean|w| * m

    Backward, dq/dw = 1: the gradient at q(w) reaches the latent weight unchanged and unclipped.

    The memory is the non-trainable weight ``memory``, of the kernel's shape, 0 where nothing is remembered yet. It
    is advanced by the reads of a training step and by nothing else. As m depends only on w and on its own last
    value, and the same w leaves it in place, any number of reads between two optimizer steps advance it once. In
    inference the same rule is evaluated and nothing is stored: the result is what the next training step would use.

    One instance belongs to one layer, because it remembers that layer's kernel.

    Args:
        threshold: T, in units of the latent weights; 0 is the sign without hysteresis.
        scale: "tensor" for one mean|w|, as published, "channel" for one for each output channel (last axis), None for
            weights of +1 and -1.
        quantile: In place of a fixed threshold, T is the magnitude that this share of the weights lies below (of each
            output channel where the scale is), again at every step: so many weights keep what they remember.
        **kwargs: As for any Keras layer.

    Shapes:
        [..., output channels] in and out.

    Raises:
        ValueError: A negative threshold, a quantile below 0 or from 1 up, an unknown scale, or use by a second layer.

    Source:
        https://github.com/wxwang0104/Quantized_ResNet (the hysteresis loop of its README, with its T = 0.1 and its
        scale; its optimizer holds a weight for one step only, and is not followed). O. H. Schmitt, "A thermionic
        trigger", Journal of Scientific Instruments 15, 1938.
    """

    precision = 1
    kept_weights = ("memory",)

    def __init__(self, threshold: float = 0.1, scale: Scale = "tensor", quantile: float | None = None, **kwargs):
        super().__init__(**kwargs)
        if not threshold >= 0:
            raise ValueError(f"HysteresisSign: threshold must not be negative, but is {threshold}.")
        if quantile is not None and not 0 <= quantile < 1:
            raise ValueError(f"HysteresisSign: quantile must be from 0 to 1, without 1, but is {quantile}.")
        check_scale("HysteresisSign", scale)
        self.threshold = threshold
        self.scale = scale
        self.quantile = quantile
        self._owner = None

    def build(self, input_shape):
        self.memory = self.add_weight(
            name="memory",
            shape=input_shape,
            initializer="zeros",
            trainable=False,
            autocast=False,
            aggregation="only_first_replica",
        )
        super().build(input_shape)

    def __call__(self, inputs, *args, **kwargs):
        self._belong_to(calling_layer())
        return super().__call__(inputs, *args, **kwargs)

    def call(self, inputs, training=None):
        remembered, given = tuple(self.memory.shape), tuple(inputs.shape)
        if remembered != given:
            raise ValueError(
                f"The HysteresisSign {self.name!r} remembers weights of shape {remembered}, but was given {given}: "
                "give each kernel its own instance."
            )
        threshold = self.threshold
        if self.quantile is not None:
            threshold = magnitude_quantile(inputs, self.quantile, self.scale)
        memory = schmitt_trigger(inputs, ops.cast(self.memory, inputs.dtype), threshold)
        if training:
            self.memory.assign(ops.cast(memory, self.memory.dtype))
        return hysteresis_sign(inputs, memory, self.scale)

    def get_config(self):
        config = {"threshold": self.threshold, "scale": self.scale, "quantile": self.quantile}
        return {**super().get_config(), **config}

    def _belong_to(self, layer: keras.layers.Layer | None) -> None:
        """Belongs to the first layer that reads it, and refuses any other; reads outside of layers are free."""
        if layer is None:
            return
        if self._owner is None:
            self._owner, self._owner_name = weakref.ref(layer), layer.name
        elif self._owner() is not layer:
            raise ValueError(
                f"The HysteresisSign {self.name!r} remembers the weights of layer {self._owner_name!r} and cannot also "
                f"serve {layer.name!r}: give each layer its own, by the alias 'hysteresis_sign' or a new instance."
            )
