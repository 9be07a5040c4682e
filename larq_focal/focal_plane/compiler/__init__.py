"""Compiling networks to programs of SCAMP-like pixel processor arrays; none of it needs TensorFlow."""

from larq_focal.focal_plane.compiler.building import Allocation, Built, RegisterError, build
from larq_focal.focal_plane.compiler.compiled import Compiled
from larq_focal.focal_plane.compiler.compiling import compile_network
from larq_focal.focal_plane.compiler.kernels import StoreError
from larq_focal.focal_plane.compiler.lowering import UnsupportedError
from larq_focal.focal_plane.compiler.virtual import Code, Plane

__all__ = [
    "Allocation",
    "Built",
    "Code",
    "Compiled",
    "Plane",
    "RegisterError",
    "StoreError",
    "UnsupportedError",
    "build",
    "compile_network",
]
