"""What is kept for the backward pass, on the backend in use."""

from importlib import import_module

import keras

_backend = import_module(f"larq_focal.nn.kept.{keras.backend.backend()}")
gradients = _backend.gradients
of_shape = _backend.of_shape
over_slices = _backend.over_slices
with_backward = _backend.with_backward
