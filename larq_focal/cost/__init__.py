"""What a network costs: parameter bytes, activation memory, multiply-accumulates and ACE. Needs no TensorFlow."""

from larq_focal.cost.activation_memory import peak_activation_bytes, value_bytes
from larq_focal.cost.arithmetic import ace, macs_by_bits, other_ops
from larq_focal.cost.parameters import float_parameters, parameter_bits, parameter_counts
from larq_focal.cost.summary import CostSummary, LayerCost, summary
from larq_focal.cost.training_memory import LOW_MEMORY, STANDARD, TrainingBits, training_bytes

__all__ = [
    "LOW_MEMORY",
    "STANDARD",
    "CostSummary",
    "LayerCost",
    "TrainingBits",
    "ace",
    "float_parameters",
    "macs_by_bits",
    "other_ops",
    "parameter_bits",
    "parameter_counts",
    "peak_activation_bytes",
    "summary",
    "training_bytes",
    "value_bytes",
]
