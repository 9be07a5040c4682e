"""Uniform quantizer of a few bits with a learned step size (LSQ)."""

from __future__ import annotations

import math

from larq_focal.nn import MeasuredWeight, Tensor, ops, with_gradient
from larq_focal.quantizers.parts.base import Quantizer
from larq_focal.quantizers.parts.row import quantizer_row
from larq_focal.quantizers.parts.weight_statistics import at_least_float32

__all__ = ["LSQ", "lsq"]


def code_range(bits: int, signed: bool) -> tuple[int, int]:
    """The least and the greatest integer of ``bits`` bits."""
    return (-(2 ** (bits - 1)), 2 ** (bits - 1) - 1) if signed else (0, 2**bits - 1)


def _slopes(x: Tensor, step: Tensor, bits: int, signed: bool = True, has_batch: bool = False) -> tuple[Tensor, Tensor]:
    lowest, highest = code_range(bits, signed)
    scaled = x / step
    is_inside = (scaled > lowest) & (scaled < highest)
    codes = ops.clip(ops.round(scaled), lowest, highest)
    features = math.prod(ops.shape(x)[1:] if has_batch else ops.shape(x))
    balance = ops.rsqrt(ops.cast(features * highest, x.dtype))
    return ops.cast(is_inside, x.dtype), balance * ops.where(is_inside, codes - scaled, codes)


@with_gradient(_slopes, by=2)
def lsq(x: Tensor, step: Tensor, bits: int, signed: bool = True, has_batch: bool = False) -> Tensor:
    """``x`` rounded to integers of ``bits`` bits, times ``step``.

    Backward, with v = x / step and the limits n and p of the integers: the derivative by ``x`` is 1 where n < v < p;
    that by ``step`` is round(v) - v there, n or p elsewhere, and its sum is divided by sqrt(features * p).

    Args:
        x: Any shape, of float32 or float64.
        step: Positive scalar of the type of ``x``.
        bits: 2 or more.
        signed: Whether the integers have a sign; else they begin at 0.
        has_batch: Whether the first axis is that of a batch, so that the features are those of one sample; else they
            are all of ``x``.
    """
    lowest, highest = code_range(bits, signed)
    return ops.clip(ops.round(x / step), lowest, highest) * step


@quantizer_row(
    levels="integers of a few bits times a learned step",
    kernel="float",
    activation="float",
    lowering="a float convolution; 8-bit integers hold its levels exactly",
    scales="one",
    reading="steps",
)
class LSQ(Quantizer):
    """Learned step size quantization: integers of a few bits, times a trained step.

        v = x / step
        q(x) = step * round(v limited to n and p),   n = -2^(bits - 1), p = 2^(bits - 1) - 1; unsigned 0, 2^bits - 1
        dq/dx = 1 if n < v < p else 0
        dq/dstep = round(v) - v if n < v < p,  n if v <= n,  p if v >= p;  the sum times 1 / sqrt(features * p)

    The features are the weights of a kernel, and of activations those of one sample.
    Halves are rounded to even. The step is one weight for the tensor. It begins with 2 mean|x| / sqrt(p) of the first
    training step (a kernel, or a batch), and is kept from turning negative; before, and at 0, it is measured again.

    Args:
        bits: 2 to 8.
        signed: Whether there are levels below 0: for kernels, and for activations without a ReLU before.
        step: The step at the start, in place of the measured one.
        has_batch: Whether it quantizes activations, with an axis of a batch first. None: where it is not signed, or
            was built for a first axis of unknown size, as that of a Keras input is.
        **kwargs: As for any Keras layer.

    Shapes:
        Any; the same in and out.

    Raises:
        ValueError: Other bits, or a step that is not positive.

    Source:
        Esser, McKinstry, Bablani, Appuswamy and Modha, "Learned Step Size Quantization", ICLR 2020,
        https://arxiv.org/abs/1902.08153.
    """

    trained_weights = ("step",)
    kept_weights = MeasuredWeight.kept_weights("step")

    def __init__(
        self, bits: int = 2, signed: bool = True, step: float | None = None, has_batch: bool | None = None, **kwargs
    ):
        super().__init__(**kwargs)
        if not 2 <= bits <= 8:
            raise ValueError(f"LSQ: bits must be from 2 to 8, but is {bits}.")
        if step is not None and not step > 0:
            raise ValueError(f"LSQ: step must be positive, but is {step}.")
        self.bits = bits
        self.signed = signed
        self.initial_step = step
        self.has_batch = has_batch

    @property
    def precision(self) -> int:
        return self.bits

    def build(self, input_shape):
        self.learned_step = MeasuredWeight(self, "step", initial=self.initial_step or 0.0)
        self.step = self.learned_step.weight
        self._has_batch = self.has_batch
        if self.has_batch is None:
            self._has_batch = not self.signed or tuple(input_shape)[:1] == (None,)
        super().build(input_shape)

    def call(self, inputs, training=None):
        x = at_least_float32(inputs)
        mean = ops.stop_gradient(ops.mean(ops.abs(x)))
        measured = ops.where(mean > 0, 2 / math.sqrt(code_range(self.bits, self.signed)[1]) * mean, ops.ones_like(mean))
        step = self.learned_step.value(ops.cast(measured, self.step.dtype), training)
        return ops.cast(lsq(x, ops.cast(step, x.dtype), self.bits, self.signed, self._has_batch), inputs.dtype)

    def get_config(self):
        config = {"bits": self.bits, "signed": self.signed, "step": self.initial_step, "has_batch": self.has_batch}
        return {**super().get_config(), **config}
