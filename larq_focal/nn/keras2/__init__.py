"""The wall's room of Keras 2 with Larq: all that says TensorFlow, ``tf_keras`` or ``larq``."""

from larq_focal.keras import keras, larq
from larq_focal.nn.keras2 import ops, random
from larq_focal.nn.keras2.larq_patches import apply_patches, needs_no_constraint
from larq_focal.nn.keras2.layer_tree import calling_layer, sublayers
from larq_focal.nn.keras2.measured_weight import MeasuredWeight
from larq_focal.nn.keras2.pseudo_gradient import with_gradient
from larq_focal.nn.keras2.quantizer import Quantizer
from larq_focal.nn.keras2.registration import register

ApproxSign = larq.quantizers.ApproxSign
DoReFa = larq.quantizers.DoReFa
MagnitudeAwareSign = larq.quantizers.MagnitudeAwareSign
NoOp = larq.quantizers.NoOp
SteHeaviside = larq.quantizers.SteHeaviside
SteSign = larq.quantizers.SteSign
SteTern = larq.quantizers.SteTern
SwishSign = larq.quantizers.SwishSign

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

apply_patches()
