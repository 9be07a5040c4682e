"""The wall's room of Keras 3, on every backend."""

try:
    import keras
except ModuleNotFoundError as error:
    if error.name != "keras":
        raise
    raise ImportError(
        "This part of larq_focal needs Keras, which is not installed: `pip install larq_focal[keras]` for Keras 3, "
        "`pip install larq_focal[larq]` for Keras 2 with Larq."
    ) from error

from keras import ops

from larq_focal.nn.keras3 import random
from larq_focal.nn.keras3.constraint_warning import needs_no_constraint
from larq_focal.nn.keras3.larq_quantizers import (
    ApproxSign,
    DoReFa,
    MagnitudeAwareSign,
    NoOp,
    SteHeaviside,
    SteSign,
    SteTern,
    SwishSign,
)
from larq_focal.nn.keras3.layer_tree import calling_layer, sublayers
from larq_focal.nn.keras3.measured_weight import MeasuredWeight
from larq_focal.nn.keras3.pseudo_gradient import with_gradient
from larq_focal.nn.keras3.quantizer import Quantizer
from larq_focal.nn.keras3.registration import register

__all__ = [
    "ApproxSign",
    "DoReFa",
    "MagnitudeAwareSign",
    "MeasuredWeight",
    "NoOp",
    "Quantizer",
    "SteHeaviside",
    "SteSign",
    "SteTern",
    "SwishSign",
    "calling_layer",
    "keras",
    "needs_no_constraint",
    "ops",
    "random",
    "register",
    "sublayers",
    "with_gradient",
]
