"""Convolutions whose training computes with gradients of few bits."""

from __future__ import annotations

from typing import Any, ClassVar

from larq_focal.nn import Quantizer, ReplacedConv2D, Tensor, gradients, keras, ops, random, register, with_backward

_SMALLEST = 2.0**-100  # stands in for 0 where a logarithm is taken


def power_of_two(x: Tensor) -> Tensor:
    """The largest power of two that is not above ``x``, float32, exactly; ``x`` is positive."""
    power = 2.0 ** ops.floor(ops.log(x) / 0.6931471805599453)
    power = ops.where(power > x, power / 2, power)  # a logarithm may be rounded across a whole number
    return ops.where(2 * power <= x, 2 * power, power)


def small_float(x: Tensor, exponent_bits: int, mantissa_bits: int, noise: Tensor | float) -> Tensor:
    """Magnitudes from 0 to 1 as floats of few bits, with gradual underflow.

    Args:
        x: float32.
        exponent_bits: The exponents are 0, -1, ... 1 - 2^exponent_bits; with 0 bits the steps are even.
        mantissa_bits: Steps between two powers of two, as bits.
        noise: What is added before a number of steps is rounded down: uniform from 0 to 1 rounds at random to one of
            the neighbours, so that the mean is ``x``; 1/2 rounds to the nearest.
    """
    least = max(1 - 2.0**exponent_bits, -120.0)
    step = power_of_two(ops.maximum(x, 2.0**least)) * 2.0**-mantissa_bits
    return ops.floor(x / step + noise) * step


def multi_level(
    x: Tensor, noise: Tensor | float, exponent_bits: int = 2, mantissa_bits: int = 1, group_mantissa_bits: int = 1
) -> Tensor:
    """A tensor as the product of one scale, a small float for each group, and a tiny one for each element.

    A group is what a sample has in one channel. Its scale is rounded up, so that no element is above 1.

    Args:
        x: [batch, ..., channels].
        noise: As for :func:`small_float`, for each element.
        exponent_bits: Of the elements.
        mantissa_bits: Of the elements.
        group_mantissa_bits: Of the groups, whose exponents have 8 bits.

    Source:
        Zhong, Ning, Dai, Zhu, Zhao, Zeng, Wang, Yang and Wang, "Exploring the Potential of Low-bit Training of
        Convolutional Neural Networks", https://arxiv.org/abs/2006.02804.
    """
    x = ops.cast(x, "float32")
    magnitude = ops.abs(x)
    tensor = ops.max(magnitude)
    group = ops.max(magnitude, tuple(range(1, len(x.shape) - 1)), keepdims=True)
    share = ops.maximum(ops.divide_no_nan(group, tensor), _SMALLEST)
    step = power_of_two(share) * 2.0**-group_mantissa_bits
    scale = tensor * (-ops.floor(-share / step) * step)
    element = ops.minimum(ops.divide_no_nan(magnitude, scale), 1.0)
    return ops.sign(x) * scale * small_float(element, exponent_bits, mantissa_bits, noise)


def radix_four(x: Tensor, phase: int) -> Tensor:
    """A tensor as 4-bit floats of radix four: 0, and 4^-3 to 4^3 with a sign, times a scale.

    The scale brings the largest magnitude to the largest code (of phase 0): it is measured in each step. Each value
    goes to the nearest code.

    Args:
        x: Any shape.
        phase: 1 halves all codes. The two phases err in different directions, so that one of them is for the gradient
            of the inputs and one for that of the kernel.

    Source:
        Sun, Wang, Chen, Ni, Agrawal, Cui, Venkataramani, El Maghraoui, Srinivasan and Gopalakrishnan, "Ultra-Low
        Precision 4-bit Training of Deep Neural Networks", NeurIPS 2020.
    """
    x = ops.cast(x, "float32")
    scale = ops.max(ops.abs(x)) / 64
    magnitude = ops.divide_no_nan(ops.abs(x), scale)
    codes = [4.0**exponent / 2**phase for exponent in range(-3, 4)]
    result, below = ops.zeros_like(magnitude), 0.0
    for code in codes:
        result = ops.where(magnitude >= (below + code) / 2, code, result)
        below = code
    return ops.sign(x) * result * scale


@register()
class MultiLevelGradient(Quantizer):
    """Gradients in the multi-level format of :func:`multi_level`, rounded at random.

    Args:
        exponent_bits: Of an element, from 0 to 8.
        mantissa_bits: Of an element, from 0 to 23.
        seed: Of the rounding.
        **kwargs: As for any Keras layer.

    Raises:
        ValueError: Other numbers of bits.
    """

    def __init__(self, exponent_bits: int = 2, mantissa_bits: int = 1, seed: int | None = None, **kwargs: Any):
        super().__init__(**kwargs)
        if not (0 <= exponent_bits <= 8 and 0 <= mantissa_bits <= 23):
            raise ValueError(
                "MultiLevelGradient: exponents have 0 to 8 bits and mantissas 0 to 23, not "
                f"{exponent_bits} and {mantissa_bits}."
            )
        self.exponent_bits, self.mantissa_bits, self.seed = exponent_bits, mantissa_bits, seed

    def build(self, input_shape):
        self.noise_state = random.add_noise_state(self, "noise_state", self.seed)
        super().build(input_shape)

    def next_seed(self) -> tuple[Tensor, ...]:
        """What a step's ``pair`` takes."""
        return (random.next_seed(self.noise_state),)

    def pair(self, upstream: Tensor, seed: Tensor) -> tuple[Tensor, Tensor]:
        """The gradient for that of the inputs, and for that of the kernel."""
        noise = random.uniform(ops.shape(upstream), seed)
        rounded = multi_level(upstream, noise, self.exponent_bits, self.mantissa_bits)
        return rounded, rounded

    def get_config(self):
        own = {"exponent_bits": self.exponent_bits, "mantissa_bits": self.mantissa_bits, "seed": self.seed}
        return {**super().get_config(), **own}


@register()
class RadixFourGradient(Quantizer):
    """Gradients of 4 bits in two phases: see :func:`radix_four`.

    Args:
        **kwargs: As for any Keras layer.
    """

    def next_seed(self) -> tuple[Tensor, ...]:
        """What a step's ``pair`` takes: nothing."""
        return ()

    def pair(self, upstream: Tensor) -> tuple[Tensor, Tensor]:
        """The gradient for that of the inputs, and for that of the kernel."""
        return radix_four(upstream, 0), radix_four(upstream, 1)


@register()
class LowBitGradientConv2D(ReplacedConv2D):
    """A ``QuantConv2D`` that sees the gradient of its outputs in few bits.

    Forward it is a ``QuantConv2D``, which is what converters read. Backward, both products, that of the inputs'
    gradient and that of the kernel's, take the outputs' gradient as ``gradient_quantizer`` rounds it.

    Args:
        *args: As for ``QuantConv2D``.
        gradient_quantizer: A ``MultiLevelGradient`` or ``RadixFourGradient``.
        **kwargs: As for ``QuantConv2D``.

    Raises:
        ValueError: Another ``gradient_quantizer``.
    """

    quantizers: ClassVar = (MultiLevelGradient, RadixFourGradient)

    def __init__(self, *args: Any, gradient_quantizer: Quantizer | dict | None = None, **kwargs: Any):
        super().__init__(*args, **kwargs)
        if isinstance(gradient_quantizer, dict):
            gradient_quantizer = keras.layers.deserialize(gradient_quantizer)
        if not isinstance(gradient_quantizer, self.quantizers):
            raise ValueError(
                "LowBitGradientConv2D: gradient_quantizer must be a MultiLevelGradient or a RadixFourGradient, not "
                f"{gradient_quantizer!r}."
            )
        self.gradient_quantizer = gradient_quantizer

    def build(self, input_shape):
        super().build(input_shape)
        if not self.gradient_quantizer.built:
            self.gradient_quantizer.build(self.compute_output_shape(input_shape))

    def product(self, inputs: Tensor, kernel: Tensor) -> Tensor:
        plain, padding = super().product, self.padding
        seed = self.gradient_quantizer.next_seed()

        def padded_plain(inputs, kernel):  # Larq pads by itself, and has another padding for the time of its call
            now, self.padding = self.padding, padding
            try:
                return plain(inputs, kernel)
            finally:
                self.padding = now

        def forward(inputs, kernel):
            return plain(inputs, kernel), (inputs, kernel, *seed)

        def backward(kept, upstream):
            inputs, kernel, *seed = kept
            for_inputs, for_kernel = self.gradient_quantizer.pair(upstream, *seed)
            by_inputs, _ = gradients(padded_plain, [inputs, kernel], ops.cast(for_inputs, upstream.dtype))
            _, by_kernel = gradients(padded_plain, [inputs, kernel], ops.cast(for_kernel, upstream.dtype))
            return by_inputs, by_kernel

        return with_backward(forward, backward)(inputs, kernel)

    def get_config(self):
        return {**super().get_config(), "gradient_quantizer": keras.layers.serialize(self.gradient_quantizer)}
