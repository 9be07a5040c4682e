"""Activation quantizer with a learned threshold for each channel."""

from __future__ import annotations

from larq_focal.nn import Tensor, ops, with_gradient
from larq_focal.quantizers.parts.base import Quantizer
from larq_focal.quantizers.parts.channels import fix_channels
from larq_focal.quantizers.parts.row import quantizer_row

__all__ = ["RSign", "threshold_sign"]


def _slopes(x: Tensor, threshold: Tensor) -> tuple[Tensor, Tensor]:
    slope = ops.maximum(2 - 2 * ops.abs(x - threshold), 0)
    return slope, -slope


@with_gradient(_slopes, by=2)
def threshold_sign(x: Tensor, threshold: Tensor) -> Tensor:
    """+1 where ``x >= threshold``, else -1.

    Backward, with d = x - threshold, the derivative by ``x`` is max(0, 2 - 2|d|), that of a piecewise quadratic which
    follows the sign; the derivative by ``threshold`` is its negative, summed over all axes but the last.

    Args:
        x: [..., channels].
        threshold: [channels], of the type of ``x``.
    """
    one = ops.ones((), x.dtype)
    return ops.where(x >= threshold, one, -one)


@quantizer_row(
    alias="rsign",
    values=(-1, 1),
    activation="packed",
    lowering="one SUB, then one packing operation; the SUB folds into a normalisation or binary convolution before",
)
class RSign(Quantizer):
    """Binary activations with a learned threshold for each channel.

        q(x) = +1 if x >= t else -1         (one trained t per channel, 0 at the start)
        dq/dx = max(0, 2 - 2 |x - t|),  dq/dt = -dq/dx

    It converts to one subtraction before the packing, or to none where a batch normalisation or a binary convolution
    comes before it and takes the threshold in.

    Args:
        **kwargs: As for any Keras layer.

    Shapes:
        [..., channels] in and out.

    Raises:
        ValueError: Inputs with an unknown number of channels, or with another one than before.

    Source:
        Liu, Shen, Savvides and Cheng, "ReActNet: Towards Precise Binary Neural Network with Generalized Activation
        Functions", ECCV 2020, https://arxiv.org/abs/2003.03488.
    """

    precision = 1
    trained_weights = ("threshold",)

    def build(self, input_shape):
        self.channels = fix_channels(self, input_shape)
        self.threshold = self.add_weight(name="threshold", shape=(self.channels,), initializer="zeros")
        super().build(input_shape)

    def call(self, inputs):
        return threshold_sign(inputs, ops.cast(self.threshold, inputs.dtype))
