"""The wall's room of Keras 2 with Larq: all that says TensorFlow, ``tf_keras`` or ``larq``."""

from larq_focal.keras import keras, larq
from larq_focal.nn.kept.tensorflow import gradients, of_shape, over_slices, with_backward
from larq_focal.nn.keras2 import ops, random
from larq_focal.nn.keras2.larq_patches import apply_patches, needs_no_constraint
from larq_focal.nn.keras2.layer import Layer
from larq_focal.nn.keras2.layer_tree import calling_layer, sublayers, times_called
from larq_focal.nn.keras2.measured_weight import MeasuredWeight
from larq_focal.nn.keras2.pseudo_gradient import with_gradient
from larq_focal.nn.keras2.quantized_layers import ReplacedConv2D, added, latent_kernel, padded, quantized_kernel
from larq_focal.nn.keras2.quantizer import Quantizer
from larq_focal.nn.keras2.registration import register
from larq_focal.nn.keras2.sign_adam import SignAdam
from larq_focal.nn.keras2.trained_state import (
    backend_name,
    compiled,
    keras_version,
    noise_state,
    quantized_variables,
    set_noise_state,
    store_weights,
)

apply_patches()

ApproxSign = larq.quantizers.ApproxSign
DoReFa = larq.quantizers.DoReFa
MagnitudeAwareSign = larq.quantizers.MagnitudeAwareSign
NoOp = larq.quantizers.NoOp
SteHeaviside = larq.quantizers.SteHeaviside
SteSign = larq.quantizers.SteSign
SteTern = larq.quantizers.SteTern
SwishSign = larq.quantizers.SwishSign
QuantConv1D = larq.layers.QuantConv1D
QuantConv2D = larq.layers.QuantConv2D
QuantConv2DTranspose = larq.layers.QuantConv2DTranspose
QuantConv3D = larq.layers.QuantConv3D
QuantConv3DTranspose = larq.layers.QuantConv3DTranspose
QuantDense = larq.layers.QuantDense
QuantDepthwiseConv2D = larq.layers.QuantDepthwiseConv2D
QuantSeparableConv1D = larq.layers.QuantSeparableConv1D
QuantSeparableConv2D = larq.layers.QuantSeparableConv2D
Bop = larq.optimizers.Bop
CaseOptimizer = larq.optimizers.CaseOptimizer
FlipRatio = larq.metrics.FlipRatio
HyperparameterScheduler = larq.callbacks.HyperparameterScheduler
WeightClip = larq.constraints.WeightClip
metrics_scope = larq.context.metrics_scope
quantized_scope = larq.context.quantized_scope
get_quantizer = larq.quantizers.get
hard_tanh = larq.activations.hard_tanh
swish_sign = larq.quantizers.swish_sign

__all__ = [
    "ApproxSign",
    "Bop",
    "CaseOptimizer",
    "DoReFa",
    "FlipRatio",
    "HyperparameterScheduler",
    "Layer",
    "MagnitudeAwareSign",
    "MeasuredWeight",
    "NoOp",
    "QuantConv1D",
    "QuantConv2D",
    "QuantConv2DTranspose",
    "QuantConv3D",
    "QuantConv3DTranspose",
    "QuantDense",
    "QuantDepthwiseConv2D",
    "QuantSeparableConv1D",
    "QuantSeparableConv2D",
    "Quantizer",
    "ReplacedConv2D",
    "SignAdam",
    "SteHeaviside",
    "SteSign",
    "SteTern",
    "SwishSign",
    "WeightClip",
    "added",
    "backend_name",
    "calling_layer",
    "compiled",
    "get_quantizer",
    "gradients",
    "hard_tanh",
    "keras",
    "keras_version",
    "latent_kernel",
    "metrics_scope",
    "needs_no_constraint",
    "noise_state",
    "of_shape",
    "ops",
    "over_slices",
    "padded",
    "quantized_kernel",
    "quantized_scope",
    "quantized_variables",
    "random",
    "register",
    "set_noise_state",
    "store_weights",
    "sublayers",
    "swish_sign",
    "times_called",
    "with_backward",
    "with_gradient",
]
