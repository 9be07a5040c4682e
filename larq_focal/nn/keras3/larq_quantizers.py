"""Larq's own quantizers on Keras 3, with Larq's names, arguments and defaults: each a function, and a thin class."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from keras import ops

from larq_focal.nn.keras3.constraint_warning import needs_no_constraint
from larq_focal.nn.keras3.flip_ratio import FlipRatio, checked_metrics
from larq_focal.nn.keras3.pseudo_gradient import with_gradient
from larq_focal.nn.keras3.quantizer import Quantizer
from larq_focal.nn.keras3.registration import register


def sign(x):
    """-1 where x < 0, else 1, in the type and shape of x."""
    return ops.sign(ops.sign(x) + 0.1)


def heaviside(x):
    """1 where x > 0, else 0, in the type and shape of x."""
    return ops.sign(ops.relu(x))


def _where(condition, x):
    return ops.cast(condition, x.dtype)


def _clipped(x, clip_value: float | None = 1.0, **options: Any):
    """The slope 1 where |x| <= clip_value, else 0; 1 everywhere for None."""
    return 1 if clip_value is None else _where(ops.abs(x) <= clip_value, x)


def _quadratic(x):
    return ops.maximum(2 - 2 * ops.abs(x), 0)


def _swish(x, beta: float = 5.0):
    beta_x = ops.clip(beta * x, -1e4, 1e4)  # far beyond, where the slope is 0 and infinity would make it NaN
    return beta * (2 - beta_x * ops.tanh(beta_x * 0.5)) / (1 + ops.cosh(beta_x))


@with_gradient(_clipped)
def ste_sign(x, clip_value: float | None = 1.0):
    """The sign, with the gradient 1 where |x| <= clip_value, 0 elsewhere; 1 everywhere for None."""
    return sign(x)


@with_gradient(_quadratic)
def approx_sign(x):
    """The sign, with the gradient 2 - 2|x| where |x| <= 1, 0 elsewhere."""
    return sign(x)


@with_gradient(_swish)
def swish_sign(x, beta: float = 5.0):
    """The sign, with the gradient of SignSwish."""
    return sign(x)


@with_gradient(_clipped)
def ste_heaviside(x, clip_value: float | None = 1.0):
    """1 where x > 0, else 0, with the gradient 1 where |x| <= clip_value, 0 elsewhere; 1 everywhere for None."""
    return heaviside(x)


@with_gradient(_clipped)
def _ste_tern(x, clip_value: float | None, threshold):
    return ops.sign(ops.sign(x + threshold) + ops.sign(x - threshold))


def ste_tern(x, threshold_value: float = 0.05, ternary_weight_networks: bool = False, clip_value: float | None = 1.0):
    """-1, 0 or 1 by a threshold, or by 0.7 times the mean of |x|; the gradient is that of ``ste_sign``."""
    threshold = (
        0.7 * ops.sum(ops.abs(x)) / ops.cast(ops.size(x), x.dtype) if ternary_weight_networks else threshold_value
    )
    return _ste_tern(x, clip_value=clip_value, threshold=threshold)


@with_gradient(lambda x, levels: _where((x >= 0) & (x <= 1), x))
def _even_levels(x, levels: int):
    """x in [0, 1], clipped to it, rounded to one of 0, 1/levels, ..., 1; the gradient is 0 outside of [0, 1]."""
    return ops.round(ops.clip(x, 0, 1) * levels) / levels


class LarqQuantizer(Quantizer):
    """A quantizer that may count how many of its values change.

    Args:
        metrics: ``["flip_ratio"]`` shows the share of weights that change in a step beside the loss of a training; for
            kernel quantizers, on TensorFlow and torch. None takes the metrics of ``metrics_scope``.
        **kwargs: As for any Keras layer.
    """

    def __init__(self, *, metrics: Iterable[str] | None = None, **kwargs: Any):
        super().__init__(**kwargs)
        self.metric_names = None if metrics is None else checked_metrics(metrics)

    def build(self, input_shape):
        if "flip_ratio" in (self.metric_names or ()):
            if None in input_shape:
                raise ValueError(
                    f"{self.name}: 'flip_ratio' follows the values of a kernel, but the inputs of {tuple(input_shape)} "
                    "vary: leave metrics out for an input quantizer."
                )
            self.flip_ratio = FlipRatio(name=f"flip_ratio/{self.name}")
            self.flip_ratio.build(tuple(input_shape))
        super().build(input_shape)

    def call(self, inputs):
        outputs = self.quantize_values(inputs)
        if "flip_ratio" in (self.metric_names or ()):
            self.flip_ratio.update_state(ops.stop_gradient(outputs))
        return outputs

    def quantize_values(self, inputs):
        """The quantized inputs, of their shape and type."""
        raise NotImplementedError

    def get_config(self):
        names = self.metric_names
        return {**super().get_config(), **({} if names is None else {"metrics": list(names)})}


@register()
class NoOp(LarqQuantizer):
    """Changes nothing: it marks a kernel as one of so many bits, for the optimizer ``Bop`` and for summaries.

    Args:
        precision: Bits of the values.
        **kwargs: As for ``LarqQuantizer``.
    """

    def __init__(self, precision: int, **kwargs: Any):
        super().__init__(**kwargs)
        self.precision = precision

    def quantize_values(self, inputs):
        return inputs

    def get_config(self):
        return {**super().get_config(), "precision": self.precision}


needs_no_constraint(NoOp)


class _Clipped(LarqQuantizer):
    """A quantizer of one bit with a straight-through gradient.

    Args:
        clip_value: The largest |x| with a gradient; None gives every x one.
        **kwargs: As for ``LarqQuantizer``.
    """

    precision = 1

    def __init__(self, clip_value: float | None = 1.0, **kwargs: Any):
        super().__init__(**kwargs)
        self.clip_value = clip_value

    def get_config(self):
        return {**super().get_config(), "clip_value": self.clip_value}


@register("ste_sign")
class SteSign(_Clipped):
    """The sign: -1 where x < 0, else 1; the gradient is 1 where |x| <= clip_value, else 0.

    Args:
        clip_value: The largest |x| with a gradient; None gives every x one.
        **kwargs: As for ``LarqQuantizer``.

    Source:
        Courbariaux et al., "Binarized Neural Networks", https://arxiv.org/abs/1602.02830.
    """

    def quantize_values(self, inputs):
        return ste_sign(inputs, clip_value=self.clip_value)


@register("ste_heaviside")
class SteHeaviside(_Clipped):
    """1 where x > 0, else 0; the gradient is 1 where |x| <= clip_value, else 0.

    Args:
        clip_value: The largest |x| with a gradient; None gives every x one.
        **kwargs: As for ``LarqQuantizer``.
    """

    def quantize_values(self, inputs):
        return ste_heaviside(inputs, clip_value=self.clip_value)


@register("magnitude_aware_sign")
class MagnitudeAwareSign(_Clipped):
    """The sign times the mean of |x| over all axes but the last; the gradient takes that mean for a constant.

    Args:
        clip_value: The largest |x| with a gradient; None gives every x one.
        **kwargs: As for ``LarqQuantizer``.

    Source:
        Liu et al., "Bi-Real Net", ECCV 2018, https://arxiv.org/abs/1808.00278, section 3.3.
    """

    def quantize_values(self, inputs):
        scale = ops.stop_gradient(ops.mean(ops.abs(inputs), axis=tuple(range(len(inputs.shape) - 1))))
        return scale * ste_sign(inputs, clip_value=self.clip_value)


@register("approx_sign")
class ApproxSign(LarqQuantizer):
    """The sign: -1 where x < 0, else 1; the gradient is 2 - 2|x| where |x| <= 1, else 0.

    Args:
        **kwargs: As for ``LarqQuantizer``.

    Source:
        Liu et al., "Bi-Real Net", ECCV 2018, https://arxiv.org/abs/1808.00278.
    """

    precision = 1

    def quantize_values(self, inputs):
        return approx_sign(inputs)


@register("swish_sign")
class SwishSign(LarqQuantizer):
    """The sign: -1 where x < 0, else 1; the gradient is that of SignSwish.

    Args:
        beta: The larger, the nearer the gradient is to that of the sign.
        **kwargs: As for ``LarqQuantizer``.

    Source:
        Darabi et al., "BNN+: Improved Binary Network Training", https://arxiv.org/abs/1812.11800.
    """

    precision = 1

    def __init__(self, beta: float = 5.0, **kwargs: Any):
        super().__init__(**kwargs)
        self.beta = beta

    def quantize_values(self, inputs):
        return swish_sign(inputs, beta=self.beta)

    def get_config(self):
        return {**super().get_config(), "beta": self.beta}


@register("ste_tern")
class SteTern(LarqQuantizer):
    """-1, 0 or 1 by a threshold; the gradient is 1 where |x| <= clip_value, else 0.

    Args:
        threshold_value: The threshold.
        ternary_weight_networks: Whether the threshold is 0.7 times the mean of |x| in its place.
        clip_value: The largest |x| with a gradient; None gives every x one.
        **kwargs: As for ``LarqQuantizer``.

    Source:
        Li et al., "Ternary Weight Networks", https://arxiv.org/abs/1605.04711.
    """

    precision = 2

    def __init__(
        self,
        threshold_value: float = 0.05,
        ternary_weight_networks: bool = False,
        clip_value: float | None = 1.0,
        **kwargs: Any,
    ):
        super().__init__(**kwargs)
        self.threshold_value = threshold_value
        self.ternary_weight_networks = ternary_weight_networks
        self.clip_value = clip_value

    def quantize_values(self, inputs):
        return ste_tern(inputs, self.threshold_value, self.ternary_weight_networks, self.clip_value)

    def get_config(self):
        return {
            **super().get_config(),
            "threshold_value": self.threshold_value,
            "ternary_weight_networks": self.ternary_weight_networks,
            "clip_value": self.clip_value,
        }


@register("dorefa_quantizer")
class DoReFa(LarqQuantizer):
    """Few bits: inputs clipped to [0, 1] and rounded to 2^k_bit even levels, or weights to as many in [-1, 1].

    Weights go through tanh and are divided by the largest magnitude first. The gradient of the rounding is 1.

    Args:
        k_bit: Bits.
        mode: "activations" or "weights".
        **kwargs: As for ``LarqQuantizer``.

    Raises:
        ValueError: ``mode`` is another one.

    Source:
        Zhou et al., "DoReFa-Net", https://arxiv.org/abs/1606.06160, section 2.3.
    """

    def __init__(self, k_bit: int = 2, mode: str = "activations", **kwargs: Any):
        if mode not in ("activations", "weights"):
            raise ValueError(f"DoReFa: mode must be 'activations' or 'weights', not {mode!r}.")
        super().__init__(**kwargs)
        self.precision = k_bit
        self.mode = mode

    def quantize_values(self, inputs):
        levels = 2**self.precision - 1
        if self.mode == "activations":
            return _even_levels(inputs, levels=levels)
        limited = ops.tanh(inputs)
        largest = ops.stop_gradient(ops.max(ops.abs(limited)))
        return 2 * _even_levels(ops.divide_no_nan(limited, 2 * largest) + 0.5, levels=levels) - 1

    def get_config(self):
        return {**super().get_config(), "k_bit": self.precision, "mode": self.mode}
