"""Compiling networks to programs of SCAMP-like pixel processor arrays; none of it needs TensorFlow."""

from larq_focal.focal_plane.compiler.building import Allocation, Built, RegisterError, build
from larq_focal.focal_plane.compiler.kernels import StoreError
from larq_focal.focal_plane.compiler.virtual import Code, Plane

__all__ = ["Allocation", "Built", "Code", "Plane", "RegisterError", "StoreError", "build"]
