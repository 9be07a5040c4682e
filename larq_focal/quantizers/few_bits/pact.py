"""Activation quantizer of a few bits with a learned clipping value (PACT)."""

from __future__ import annotations

from larq_focal.nn import Tensor, keras, ops, with_gradient
from larq_focal.quantizers.parts.base import Quantizer
from larq_focal.quantizers.parts.row import quantizer_row

__all__ = ["PACT", "pact"]


def pact_step(clip: Tensor, bits: int) -> Tensor:
    """The distance of two levels of :func:`pact`, which is never 0: it is divided by."""
    return ops.maximum(clip, 1e-4) / (2**bits - 1)


def _slopes(x: Tensor, clip: Tensor, bits: int) -> tuple[Tensor, Tensor]:
    is_clipped = ops.cast(x >= clip, x.dtype)
    return ops.cast(x >= 0, x.dtype) * (1 - is_clipped), is_clipped


@with_gradient(_slopes, by=2)
def pact(x: Tensor, clip: Tensor, bits: int) -> Tensor:
    """``x`` limited to 0 and ``clip``, rounded to 2^bits even levels.

    Backward, the derivative by ``x`` is 1 where 0 <= x < clip, and that by ``clip`` is 1 where x >= clip.

    Args:
        x: Any shape.
        clip: Scalar, not negative, of the type of ``x``.
        bits: Of the result.
    """
    step = pact_step(clip, bits)
    return ops.round(ops.minimum(ops.relu(x), clip) / step) * step


@quantizer_row(
    levels="0, c/n, ..., c with a learned c, n = 2^bits - 1",
    activation="float",
    lowering="a float convolution, or a binary one for each bit in a BitPlaneConv2D",
    reading="steps",
    even_levels=lambda quantizer, dtype: pact_step(ops.cast(quantizer.clip, dtype), quantizer.bits),
)
class PACT(Quantizer):
    """Parameterized clipping activation: a ReLU that is cut at a learned value and rounded to a few bits.

        y = min(max(x, 0), clip)
        q(x) = round(y * n / clip) * clip / n,  n = 2^bits - 1
        dq/dx = 1 if 0 <= x < clip else 0,  dq/dclip = 1 if x >= clip else 0

    Halves are rounded to even. The clipping value is one weight of the layer; it is kept from turning negative.

    Args:
        bits: Of the activations, 1 to 8.
        clip: The clipping value at the start.
        clip_regularizer: Any Keras regularizer; the paper decays the clipping value with L2.
        **kwargs: As for any Keras layer.

    Shapes:
        Any; the same in and out.

    Raises:
        ValueError: Other bits, or a clipping value that is not positive.

    Source:
        Choi, Wang, Venkataramani, Chuang, Srinivasan and Gopalakrishnan, "PACT: Parameterized Clipping Activation for
        Quantized Neural Networks", https://arxiv.org/abs/1805.06085.
    """

    trained_weights = ("clip",)

    def __init__(self, bits: int = 2, clip: float = 6.0, clip_regularizer=None, **kwargs):
        super().__init__(**kwargs)
        if not 1 <= bits <= 8:
            raise ValueError(f"PACT: bits must be from 1 to 8, but is {bits}.")
        if not clip > 0:
            raise ValueError(f"PACT: clip must be positive, but is {clip}.")
        self.bits = bits
        self.initial_clip = clip
        self.clip_regularizer = keras.regularizers.get(clip_regularizer)

    @property
    def precision(self) -> int:
        return self.bits

    def build(self, input_shape):
        self.clip = self.add_weight(
            name="clip",
            shape=(),
            initializer=keras.initializers.Constant(self.initial_clip),
            regularizer=self.clip_regularizer,
            constraint="non_neg",
        )
        super().build(input_shape)

    def call(self, inputs):
        return pact(inputs, ops.cast(self.clip, inputs.dtype), self.bits)

    def get_config(self):
        return {
            **super().get_config(),
            "bits": self.bits,
            "clip": self.initial_clip,
            "clip_regularizer": keras.regularizers.serialize(self.clip_regularizer),
        }
