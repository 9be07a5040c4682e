"""Layers that keep bits between the forward and the backward pass of a training step.

Source of all of them: Wang, Davis, Moro, Zielinski, Lim, Coelho, Chatterjee, Cheung and Constantinides, "Enabling
Binary Neural Network Training on the Edge", https://arxiv.org/abs/2102.04270.
"""

from larq_focal.layers.low_memory.pooling import LowMemoryMaxPooling2D
from larq_focal.layers.low_memory.products import LowMemoryConv2D, LowMemoryDense

__all__ = ["LowMemoryConv2D", "LowMemoryDense", "LowMemoryMaxPooling2D"]
