"""Compiling networks to programs of SCAMP-like pixel processor arrays; none of it needs TensorFlow."""

from __future__ import annotations

from typing import TYPE_CHECKING

from larq_focal.lazy_door import lazy_door

if TYPE_CHECKING:
    from larq_focal.focal_plane.compiler.array_program import ArrayProgram
    from larq_focal.focal_plane.compiler.backend.build import Allocation, Built, RegisterError, build
    from larq_focal.focal_plane.compiler.backend.kernels import StoreError
    from larq_focal.focal_plane.compiler.backend.virtual import Code, Plane
    from larq_focal.focal_plane.compiler.compilation import compile, compile_network
    from larq_focal.focal_plane.compiler.compiled import Compiled
    from larq_focal.focal_plane.compiler.program_file import read_program, write_program
    from larq_focal.focal_plane.compiler.simulation import Simulation, simulate
    from larq_focal.focal_plane.compiler.unsupported import UnsupportedError

__all__ = [
    "Allocation",
    "ArrayProgram",
    "Built",
    "Code",
    "Compiled",
    "Plane",
    "RegisterError",
    "Simulation",
    "StoreError",
    "UnsupportedError",
    "build",
    "compile",
    "compile_network",
    "read_program",
    "simulate",
    "write_program",
]


if not TYPE_CHECKING:  # to a type checker this would make every name one of ours
    __getattr__, __dir__ = lazy_door(
        __name__,
        {
            "array_program": ("ArrayProgram",),
            "backend.build": ("Allocation", "Built", "RegisterError", "build"),
            "backend.kernels": ("StoreError",),
            "backend.virtual": ("Code", "Plane"),
            "compiled": ("Compiled",),
            "compilation": ("compile", "compile_network"),
            "program_file": ("read_program", "write_program"),
            "simulation": ("Simulation", "simulate"),
            "unsupported": ("UnsupportedError",),
        },
    )
