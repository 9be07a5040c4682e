"""Quantized layers, Larq's own where it is there, and layers that carry a method of binary networks."""

from larq_focal.layers import low_bit_gradients, low_memory  # noqa: F401 (registers those of training methods)
from larq_focal.layers.binary_dense import BinaryDense
from larq_focal.layers.binary_sum import BinarySumConv2D
from larq_focal.layers.binary_sum_dense import BinarySumDense
from larq_focal.layers.bit_plane_conv import BitPlaneConv2D
from larq_focal.layers.bit_planes import BitPlanes
from larq_focal.layers.dprelu import DPReLU
from larq_focal.layers.fixed_sign import FixedSignConv2D
from larq_focal.layers.ghost_sign import GhostSign
from larq_focal.layers.l1_batch_normalization import L1BatchNormalization
from larq_focal.layers.log_gradient import LogGradient
from larq_focal.layers.rprelu import RPReLU
from larq_focal.layers.thermometer import Thermometer
from larq_focal.layers.xnor_conv import XnorConv2D
from larq_focal.nn import (
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

__all__ = [
    "BinaryDense",
    "BinarySumConv2D",
    "BinarySumDense",
    "BitPlaneConv2D",
    "BitPlanes",
    "DPReLU",
    "FixedSignConv2D",
    "GhostSign",
    "L1BatchNormalization",
    "LogGradient",
    "QuantConv1D",
    "QuantConv2D",
    "QuantConv2DTranspose",
    "QuantConv3D",
    "QuantConv3DTranspose",
    "QuantDense",
    "QuantDepthwiseConv2D",
    "QuantSeparableConv1D",
    "QuantSeparableConv2D",
    "RPReLU",
    "Thermometer",
    "XnorConv2D",
]
