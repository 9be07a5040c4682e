"""Quantizers to powers of two, whose products are shifts: by range of exponents, and as LogNet counts them."""

from __future__ import annotations

from larq_focal.keras import larq, tf
from larq_focal.quantizers.parts.base import Quantizer


def power_of_two(x: tf.Tensor, lowest: int, highest: int, zero_below: float) -> tf.Tensor:
    """The power of two with the nearest exponent from ``lowest`` to ``highest``, with the sign of ``x``.

    Backward, the gradient passes where |x| <= 2^highest.

    Args:
        x: Any shape.
        lowest: The least exponent.
        highest: The greatest exponent.
        zero_below: Smaller magnitudes become 0.
    """

    @tf.custom_gradient
    def straight_through(x):
        magnitude = tf.abs(tf.cast(x, tf.float32))
        # Comparisons with the middles, because TensorFlow's logarithms differ in their last bit from place to place.
        power = tf.where(magnitude >= zero_below, 2.0**lowest, 0.0)
        for exponent in range(lowest + 1, highest + 1):
            power = tf.where(magnitude >= 2.0 ** (exponent - 0.5), 2.0**exponent, power)

        def grad(upstream):
            return upstream * tf.cast(magnitude <= 2.0**highest, x.dtype)

        return tf.sign(x) * tf.cast(power, x.dtype), grad

    return straight_through(x)


class _PowersOfTwo(Quantizer):
    """What the quantizers to powers of two share: they differ in how the exponents are given."""

    lowest: int
    highest: int
    zero_below: float

    @property
    def precision(self) -> int:
        powers_and_zero = self.highest - self.lowest + 2
        return (2 * powers_and_zero - 2).bit_length()  # zero has no sign

    def call(self, inputs):
        return power_of_two(inputs, self.lowest, self.highest, self.zero_below)


@larq.utils.register_keras_custom_object
class PowerOfTwo(_PowersOfTwo):
    """Powers of two in a range of exponents, and zero.

        q(x) = sign(x) * 2^e,  e = round(log2|x|) limited to lowest and highest;  0 where |x| < 2^(lowest - 1)
        dq/dx = 1 if |x| <= 2^highest else 0

    As 8-bit integers these are exact where the range spans at most seven exponents.

    Args:
        lowest: The least exponent.
        highest: The greatest exponent.
        **kwargs: As for any Keras layer.

    Raises:
        ValueError: A range that is empty, or that float32 does not hold.

    Source:
        Long, Zeng, Ben, Zhou and Zhang, "A Novel Low-Bit Quantization Strategy for Compressing Deep Neural Networks",
        Computational Intelligence and Neuroscience 2020; QKeras, ``quantized_po2``.
    """

    def __init__(self, lowest: int = -6, highest: int = 0, **kwargs):
        super().__init__(**kwargs)
        if not -100 <= lowest <= highest <= 100:
            raise ValueError(
                "PowerOfTwo: lowest must not exceed highest, both from -100 to 100, but they are "
                f"{lowest} and {highest}."
            )
        self.lowest = lowest
        self.highest = highest
        self.zero_below = 2.0 ** (lowest - 1)

    def get_config(self):
        return {**super().get_config(), "lowest": self.lowest, "highest": self.highest}


@larq.utils.register_keras_custom_object
class LogQuant(_PowersOfTwo):
    """Logarithmic data: the exponent as an integer of a few bits, and a sign.

        q(x) = sign(x) * 2^e,  e = round(log2|x|) limited to full_scale - 2^bits and full_scale;  0 at the lower limit
        dq/dx = 1 if |x| <= 2^full_scale else 0

    Args:
        bits: Of the exponent, 1 to 5; with the sign and with zero it takes up to two more.
        full_scale: The greatest exponent.
        **kwargs: As for any Keras layer.

    Raises:
        ValueError: Other bits, or a scale that float32 does not hold.

    Source:
        Miyashita, Lee and Murmann, "Convolutional Neural Networks using Logarithmic Data Representation",
        https://arxiv.org/abs/1603.01025.
    """

    def __init__(self, bits: int = 3, full_scale: int = 0, **kwargs):
        super().__init__(**kwargs)
        if not 1 <= bits <= 5:
            raise ValueError(f"LogQuant: bits must be from 1 to 5, but is {bits}.")
        if not -60 <= full_scale <= 60:
            raise ValueError(f"LogQuant: full_scale must be from -60 to 60, but is {full_scale}.")
        self.bits = bits
        self.full_scale = full_scale
        self.highest = full_scale
        self.lowest = full_scale - 2**bits + 1
        self.zero_below = 2.0 ** (self.lowest - 0.5)

    def get_config(self):
        return {**super().get_config(), "bits": self.bits, "full_scale": self.full_scale}
