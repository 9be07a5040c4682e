"""Kernel quantizer of XNOR-Net, with the gradient that its paper derives."""

from __future__ import annotations

from larq_focal.nn import Tensor, ops, with_gradient
from larq_focal.quantizers.parts.base import Quantizer
from larq_focal.quantizers.parts.row import quantizer_row
from larq_focal.quantizers.parts.sign import sign
from larq_focal.quantizers.parts.weight_statistics import mean_magnitude, per_channel

__all__ = ["XnorSign", "xnor_sign"]


def _slope(x: Tensor) -> Tensor:
    _, count = per_channel(x)
    return 1 / count + mean_magnitude(x, "channel") * ops.cast(ops.abs(x) < 1, x.dtype)


@with_gradient(_slope)
def xnor_sign(x: Tensor) -> Tensor:
    """The sign of ``x`` times alpha = mean|x| of each index of the last axis.

    Backward, the upstream gradient times 1/n + alpha * (|x| < 1), with n weights for each index of the last axis.

    Args:
        x: Latent weights of known shape.
    """
    return mean_magnitude(x, "channel") * sign(x)


@quantizer_row(
    levels="-s, +s with s = mean|w| of each output channel",
    kernel="packed",
    scales="channel",
    needs_clip=True,
)
class XnorSign(Quantizer):
    """Binary weights of XNOR-Net, scaled by their mean magnitude.

    For each output channel (last axis) with n latent weights w and alpha = mean|w|:

        q(w) = alpha * (+1 if w >= 0 else -1)
        dq/dw = 1/n + alpha if |w| < 1 else 1/n

    The values are those of Larq's ``magnitude_aware_sign``, which passes alpha times the gradient where |w| <= 1, with
    alpha for a constant. The 1/n is what the paper keeps of the derivative of alpha: the weight's own part.

    Args:
        **kwargs: As for any Keras layer.

    Shapes:
        [..., output channels] in and out.

    Source:
        Rastegari et al., "XNOR-Net: ImageNet Classification Using Binary Convolutional Neural Networks", ECCV 2016,
        https://arxiv.org/abs/1603.05279; https://github.com/allenai/XNOR-Net, whose ``util.lua`` leaves out the
        bounds |w| = 1 and multiplies the gradient by n - n / channels in.
    """

    precision = 1

    def call(self, inputs):
        return xnor_sign(inputs)
