"""Quantizers for Larq layers, by class or by alias: each a pure function with its gradient, and a thin class.

The names of the families are those that their modules list in ``__all__``.
"""

from larq_focal.nn import straight_through, with_gradient
from larq_focal.quantizers.parts.binary_regularizer import BinaryRegularizer
from larq_focal.quantizers.parts.clipped_sign import clipped_sign
from larq_focal.quantizers.parts.error_decay import ErrorDecay, error_decay_sign
from larq_focal.quantizers.parts.gumbel import GumbelTemperature, logistic_noise
from larq_focal.quantizers.parts.powers_of_two import power_of_two
from larq_focal.quantizers.parts.row import QuantizerRow, quantizer_row, row_of
from larq_focal.quantizers.parts.sign import sign
from larq_focal.quantizers.parts.tanh_sign import tanh_sign
from larq_focal.quantizers.registry import FAMILIES, PUBLIC_NAMES, QUANTIZERS, row_named

globals().update(PUBLIC_NAMES)

__all__ = [
    "FAMILIES",
    "QUANTIZERS",
    "BinaryRegularizer",
    "ErrorDecay",
    "GumbelTemperature",
    "QuantizerRow",
    "clipped_sign",
    "error_decay_sign",
    "logistic_noise",
    "power_of_two",
    "quantizer_row",
    "row_named",
    "row_of",
    "sign",
    "straight_through",
    "tanh_sign",
    "with_gradient",
    *sorted(PUBLIC_NAMES),
]
