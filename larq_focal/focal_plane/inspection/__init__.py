"""What a program does with the registers: live ranges, counts, and its steps for a person to walk through."""

from larq_focal.focal_plane.inspection.inspect import inspect_program
from larq_focal.focal_plane.inspection.live_ranges import LiveRanges, RegisterLife, live_ranges
from larq_focal.focal_plane.inspection.maps import MapPlace
from larq_focal.focal_plane.inspection.network import inspect_array_program, inspect_network
from larq_focal.focal_plane.inspection.report import Exactness, ProgramReport
from larq_focal.focal_plane.inspection.steps import StepRecorder

__all__ = [
    "Exactness",
    "LiveRanges",
    "MapPlace",
    "ProgramReport",
    "RegisterLife",
    "StepRecorder",
    "inspect_array_program",
    "inspect_network",
    "inspect_program",
    "live_ranges",
]
