"""Programs as projects that a sensor's own toolchain takes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from larq_focal.lazy_door import lazy_door

if TYPE_CHECKING:
    from larq_focal.focal_plane.export.decoding import decoded
    from larq_focal.focal_plane.export.project import ExportError, export_scamp5

__all__ = ["TOOLCHAINS", "ExportError", "decoded", "export_scamp5"]

TOOLCHAINS = ("scamp5",)
"""The sensors whose toolchains there are projects for."""

if not TYPE_CHECKING:  # to a type checker this would make every name one of ours
    __getattr__, __dir__ = lazy_door(__name__, {"decoding": ("decoded",), "project": ("ExportError", "export_scamp5")})
