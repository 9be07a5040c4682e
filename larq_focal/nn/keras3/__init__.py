"""The wall's room of Keras 3, on every backend."""

from functools import reduce
from operator import add

import keras
from keras import ops

from larq_focal.nn.keras3 import activation_functions, random  # noqa: F401 (registers functions)
from larq_focal.nn.keras3.bop import Bop
from larq_focal.nn.keras3.case_optimizer import CaseOptimizer
from larq_focal.nn.keras3.constraint_warning import needs_no_constraint
from larq_focal.nn.keras3.flip_ratio import FlipRatio, metrics_scope
from larq_focal.nn.keras3.hyperparameter_scheduler import HyperparameterScheduler
from larq_focal.nn.keras3.identifiers import get_quantizer
from larq_focal.nn.keras3.kept import gradients, of_shape, over_slices, with_backward
from larq_focal.nn.keras3.larq_quantizers import (
    ApproxSign,
    DoReFa,
    MagnitudeAwareSign,
    NoOp,
    SteHeaviside,
    SteSign,
    SteTern,
    SwishSign,
    swish_sign,
)
from larq_focal.nn.keras3.layer_tree import calling_layer, sublayers, times_called
from larq_focal.nn.keras3.measured_weight import MeasuredWeight
from larq_focal.nn.keras3.padding import padded
from larq_focal.nn.keras3.pseudo_gradient import with_gradient
from larq_focal.nn.keras3.quantized_layers import (
    QuantConv1D,
    QuantConv2D,
    QuantConv2DTranspose,
    QuantConv3D,
    QuantConv3DTranspose,
    QuantDense,
    QuantDepthwiseConv2D,
    QuantSeparableConv1D,
    QuantSeparableConv2D,
)
from larq_focal.nn.keras3.quantized_variable import QuantizedVariable, quantized_scope
from larq_focal.nn.keras3.quantizer import Quantizer
from larq_focal.nn.keras3.registration import register
from larq_focal.nn.keras3.sign_adam import SignAdam
from larq_focal.nn.keras3.trained_state import (
    backend_name,
    compiled,
    keras_version,
    noise_state,
    quantized_variables,
    set_noise_state,
    store_weights,
)
from larq_focal.nn.keras3.weight_clip import WeightClip

Layer = keras.layers.Layer
hard_tanh = keras.activations.hard_tanh
ReplacedConv2D = QuantConv2D


def added(terms):
    """The sum of tensors of one shape."""
    return reduce(add, terms)


def latent_kernel(layer: keras.layers.Layer):
    """The kernel of a quantized layer as it is trained."""
    return layer.kernel.latent if isinstance(layer.kernel, QuantizedVariable) else ops.convert_to_tensor(layer.kernel)


def quantized_kernel(layer: keras.layers.Layer):
    """The kernel of a quantized layer as the layer computes with it."""
    return layer.quantized("kernel")


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
