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


@quantizer_row(
    levels="-s, +s with s = mean|w|",
    kernel="packed",
    scales="one",
    differs="the threshold is 0.5 of the initial mean magnitude of each layer; the source's is 0.1 for all, "
    "`threshold=0.1, relative=False` here, and its optimizer holds a weight for one step only",
)
class HysteresisSign(Quantizer):
    """Binary weights with hysteresis: a Schmitt trigger with one memory for each weight.

    Forward, with latent weight w, threshold T, memory m, and mean|w0| of the layer as its training began:

        T = threshold * mean|w0|
        m <- +1 if w >= T,  -1 if w <= -T,  m otherwise (sign(w) while nothing is remembered)
        q(w) = mean|w| * m

    The source has one T = 0.1 for all layers (``relative=False``). Initial weights shrink with the fan-in, so that in
    wide layers all of them begin between -0.1 and 0.1: there no sign changes before a weight has travelled many times
    its own size. A threshold in units of the layer's initial scale means the same in every layer.

    Backward, dq/dw = 1: the gradient at q(w) reaches the latent weight unchanged and unclipped.

    The memory is the non-trainable weight ``memory``, of the kernel's shape, 0 where nothing is remembered yet. It
    is advanced by the reads of a training step and by nothing else. As m depends only on w and on its own last
    value, and the same w leaves it in place, any number of reads between two optimizer steps advance it once. In
    inference the same rule is evaluated and nothing is stored: the result is what the next training step would use.
    The first training step stores mean|w0| in the non-trainable scalar ``initial_magnitude``, 0 until then.

    One instance belongs to one layer, because it remembers that layer's kernel.

    Args:
        threshold: In units of mean|w0|, the mean magnitude of the tensor's weights as its training began; 0 is the sign
            without hysteresis.
        relative: False for a threshold in units of the latent weights, as published (with ``threshold=0.1``).
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
        https://github.com/wxwang0104/Quantized_ResNet (the hysteresis loop of its README, and its scale. Not
        followed: its T of 0.1 for all layers, see ``relative``; its optimizer, which holds a weight for one step
        only). O. H. Schmitt, "A thermionic
        trigger", Journal of Scientific Instruments 15, 1938.
    """

    precision = 1
    kept_weights = ("memory", "initial_magnitude")

    def __init__(
        self,
        threshold: float = 0.5,
        scale: Scale = "tensor",
        quantile: float | None = None,
        relative: bool = True,
        **kwargs,
    ):
        super().__init__(**kwargs)
        if not threshold >= 0:
            raise ValueError(f"HysteresisSign: threshold must not be negative, but is {threshold}.")
        if quantile is not None and not 0 <= quantile < 1:
            raise ValueError(f"HysteresisSign: quantile must be from 0 to 1, without 1, but is {quantile}.")
        check_scale("HysteresisSign", scale)
        self.threshold = threshold
        self.scale = scale
        self.quantile = quantile
        self.relative = relative
        self._owner = None

    def build(self, input_shape):
        self.memory = self._state("memory", input_shape)
        self.initial_magnitude = self._state("initial_magnitude", ())
        super().build(input_shape)

    def _state(self, name: str, shape):
        return self.add_weight(
            name=name,
            shape=shape,
            initializer="zeros",
            trainable=False,
            autocast=False,
            aggregation="only_first_replica",
        )

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
        initial = self._initial_magnitude(inputs)
        memory = schmitt_trigger(inputs, ops.cast(self.memory, inputs.dtype), self._threshold(inputs, initial))
        if training:
            self.memory.assign(ops.cast(memory, self.memory.dtype))
            self.initial_magnitude.assign(initial)
        return hysteresis_sign(inputs, memory, self.scale)

    def _initial_magnitude(self, inputs: Tensor) -> Tensor:
        """What is stored, or mean|w| where nothing is."""
        stored = ops.convert_to_tensor(self.initial_magnitude)
        return ops.where(stored > 0, stored, ops.cast(mean_magnitude(inputs, "tensor"), stored.dtype))

    def _threshold(self, inputs: Tensor, initial: Tensor) -> float | Tensor:
        if self.quantile is not None:
            return magnitude_quantile(inputs, self.quantile, self.scale)
        return ops.cast(self.threshold * initial, inputs.dtype) if self.relative else self.threshold

    def get_config(self):
        names = ("threshold", "scale", "quantile", "relative")
        return {**super().get_config(), **{name: getattr(self, name) for name in names}}

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
