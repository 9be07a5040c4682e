"""What a program does with the registers: live ranges, counts, and its steps for a person to walk through."""

from larq_focal.focal_plane.inspection.live_ranges import LiveRanges, RegisterLife, live_ranges
from larq_focal.focal_plane.inspection.map_place import MapPlace
from larq_focal.focal_plane.inspection.network_inspection import (
    inspect_array_program,
    inspect_compiled,
    inspect_network,
)
from larq_focal.focal_plane.inspection.program_inspection import inspect_program
from larq_focal.focal_plane.inspection.program_report import Exactness, ProgramReport
from larq_focal.focal_plane.inspection.step_recorder import StepRecorder

__all__ = [
    "Exactness",
    "LiveRanges",
    "MapPlace",
    "ProgramReport",
    "RegisterLife",
    "StepRecorder",
    "inspect_array_program",
    "inspect_compiled",
    "inspect_network",
    "inspect_program",
    "live_ranges",
]
