"""Networks, installed as ``larq_focal.zoo``."""

from larq_focal.zoo.bose2020 import bose2020
from larq_focal.zoo.two_layer import TWO_LAYER_METHODS, Method, two_layer

__all__ = ["TWO_LAYER_METHODS", "Method", "bose2020", "two_layer"]
