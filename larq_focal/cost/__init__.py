"""What a network costs: parameter bytes, activation memory, multiply-accumulates and ACE. Needs no TensorFlow."""

from larq_focal.cost.activation_memory import peak_activation_bytes, value_bytes
from larq_focal.cost.arithmetic import ace, macs_by_bits, other_ops
from larq_focal.cost.parameters import float_parameters, parameter_bits, parameter_counts
from larq_focal.cost.summary import CostSummary, LayerCost, summary

__all__ = [
    "CostSummary",
    "LayerCost",
    "ace",
    "float_parameters",
    "macs_by_bits",
    "other_ops",
    "parameter_bits",
    "parameter_counts",
    "peak_activation_bytes",
    "summary",
    "value_bytes",
]
