"""Kernel quantizer of AdaBin, centred about zero."""

from __future__ import annotations

from larq_focal.nn import ops
from larq_focal.quantizers.parts.error_decay import ErrorDecayQuantizer
from larq_focal.quantizers.parts.row import quantizer_row
from larq_focal.quantizers.parts.weight_statistics import standardize

__all__ = ["AdaBinSign"]


@quantizer_row(
    alias="adabin_sign",
    levels="-s, +s with s = std(w) of each output channel",
    kernel="packed",
    scales="channel",
    differs="the levels lie about 0; the source's about mean(w), with two trained levels for inputs and Maxout behind",
)
class AdaBinSign(ErrorDecayQuantizer):
    """Binary weights of AdaBin with the levels about zero, so that they pack.

    For each output channel (last axis) with latent weights w:

        alpha = std(w)                    (the variance is the sum of squares by n)
        v = (w - mean(w)) / alpha
        q(w) = alpha * (+1 if v >= 0 else -1)

    Backward, the error-decay estimator dq/dv = alpha k t (1 - tanh(t v)^2) with k = max(1/t, 1), and on through the
    mean and the deviation, alpha too. :class:`ErrorDecay` moves t. A channel of equal weights has alpha = 1.

    The paper's levels are mean(w) - alpha and mean(w) + alpha, which no binary convolution holds. Here mean(w) is left
    out: the convolution lacks mean(w) times the sum of its inputs. The source's inputs have two trained levels as well,
    and Maxout for an activation; the zoo's method ``adabin`` has RSign and RPReLU in their place.

    Quantized weights that are quantized again shrink a little: with a mean m of their signs, by sqrt(1 - m^2).

    Args:
        steepness: t at the start, a non-trainable weight. The source trains at 0.1.
        **kwargs: As for any Keras layer.

    Shapes:
        [..., output channels] in and out.

    Raises:
        ValueError: A steepness that is not positive.

    Source:
        Tu et al., "AdaBin: Improving Binary Neural Networks with Adaptive Binary Sets", ECCV 2022,
        https://arxiv.org/abs/2208.08084; https://github.com/huawei-noah/Efficient-Computing.
    """

    precision = 1

    def call(self, inputs):
        standardized, deviation = standardize(inputs)
        return ops.cast(deviation * self.decaying_sign(standardized), inputs.dtype)
